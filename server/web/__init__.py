"""Plain HTTP: REST, health, metrics, pages."""
