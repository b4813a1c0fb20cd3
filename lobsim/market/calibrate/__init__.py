"""Fit the flows of `lobsim.market.parts` to recorded messages."""
