"""The reviews of works: which are kept, and what people say in them."""
