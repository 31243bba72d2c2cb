"""Tests of featured slots."""
