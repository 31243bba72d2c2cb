"""The upgrades of the engine's own tables; those of a feature stand in its folder `migrations`."""
