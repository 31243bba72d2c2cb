"""Where a Firefox for the tests is, and how to get one.

It is the Firefox that people have, and Playwright speaks WebDriver BiDi with it: its own build of
Firefox comes from a server that many networks don't reach, and is a Firefox that nobody uses.
"""

import functools

from tests.browser.programs import NoBrowser, apt_install, only_one_installs, program_of

CHANNEL = "moz-firefox"
"""Has Playwright speak WebDriver BiDi instead of the protocol of its own Firefox."""
PREFERENCES: dict[str, str | float | bool] = {
    # It asks nobody but the test's server.
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "captivedetect.canonicalURL": "",
    "datareporting.healthreport.uploadEnabled": False,
    "extensions.getAddons.cache.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.enabled": False,
    # One process for pages is enough.
    "dom.ipc.processCount": 1,
    "fission.autostart": False,
}
_NAMES = ("firefox-esr", "firefox")


@functools.cache
def firefox() -> str:
    """The program to start. Raises NoBrowser."""
    with only_one_installs():
        if not program_of(_NAMES):
            apt_install("firefox-esr", "fonts-noto-cjk")
    if found := program_of(_NAMES):
        return found
    raise NoBrowser("These tests need Firefox: `apt-get install firefox-esr fonts-noto-cjk`.")
