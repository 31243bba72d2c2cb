"""Settings: every limit with its unit in its name, from files, environment and flags."""

from server.settings.load import SettingsError, env_name, fields, load
from server.settings.model import Settings

__all__ = ["Settings", "SettingsError", "env_name", "fields", "load"]
