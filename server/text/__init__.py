"""Texts as they are compared and searched: folding, look-alikes, many words at once. Pure."""
