"""Measures how well the product does its job. Runs from the checkout; it is not part of the wheel.

`eval` calls the product's own stages and copies none of them. It may import `matcher`, never `service`.
"""
