"""Tests of custom events."""
