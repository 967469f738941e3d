"""Hear from Omise: a blueprint that believes nothing it is told, and asks Omise itself.

`webhook` is the blueprint, `signature` the pure check of who sent a delivery. Copy this folder
beside payment/.
"""
