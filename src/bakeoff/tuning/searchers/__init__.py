"""The methods of search: each is asked for points and told the values there. `registry` lists them."""
