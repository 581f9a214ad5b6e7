"""Networks that tell real from fake: made by name, with weights from files and libraries, and explained."""
