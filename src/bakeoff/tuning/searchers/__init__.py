"""The search methods (ask and tell): each proposes points and receives the values there. `registry` lists them."""
