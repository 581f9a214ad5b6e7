"""Networks that tell real from fake, with what they expect of an image, and the files they are kept in."""
