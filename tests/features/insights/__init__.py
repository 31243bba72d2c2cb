"""Tests of what hosts learn."""
