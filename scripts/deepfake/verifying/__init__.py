"""Whether what lies in results/ still is what was written, and how to have it again where it is not."""
