"""A browser as a person uses it: Debian's Chromium without a window."""

import os
import pathlib
import re
import tempfile

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from harness.wait import wait_for

SECONDS = 30


class Browser:
    def __init__(self, base):
        self.base = base
        self._profile = tempfile.TemporaryDirectory(prefix="nats3-browser.")
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        # --no-sandbox: tests run as root, in containers; the pages are our own.
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage",
                         "--window-size=1280,900", f"--user-data-dir={self._profile.name}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)

    def close(self):
        self.driver.quit()
        self._profile.cleanup()

    def open(self, path):
        self.driver.get(self.base + path)
        return self

    @property
    def path(self):
        return self.driver.execute_script("return location.pathname")

    @property
    def text(self):
        """All that can be seen."""
        return self.driver.find_element(By.TAG_NAME, "body").text

    def wait_for(self, *texts):
        """Waits until all of them can be seen at once."""
        def seen():
            try:
                shown = self.text
            except StaleElementReferenceException:
                return False
            return all(text in shown for text in texts)
        wait_for(seen, SECONDS, f"the page to show {texts}", lambda: self.text)
        return self

    def wait_gone(self, text):
        wait_for(lambda: text not in self.text, SECONDS, f"'{text}' to go", lambda: self.text)
        return self

    def click(self, label):
        """The link or button that says so, as soon as there is one: of a dialog before others."""
        def clicked():
            found = self.driver.find_elements(
                By.XPATH, f"//*[self::a or self::button or self::summary][normalize-space()='{label}']"
            )
            if found:
                found[-1].click()
            return bool(found)
        wait_for(clicked, SECONDS, f"something to click that says '{label}'", lambda: self.text)
        return self

    def fill(self, **values):
        """The fields of a form, by their keys, with `__` for a dot."""
        for name, value in values.items():
            field = self._field(name)
            field.clear()
            field.send_keys(value)
        return self

    def filled(self, name):
        return self._field(name).get_attribute("value")

    def _field(self, name):
        key = name.replace("__", ".")
        wait_for(lambda: self.driver.find_elements(By.ID, f"field-{key}"), SECONDS, f"field {key}",
                 lambda: self.text)
        return self.driver.find_element(By.ID, f"field-{key}")

    def count(self, selector):
        return len(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def complaints(self):
        """What the browser complained of since the last call, but for answers that say no."""
        return [each["message"] for each in self.driver.get_log("browser")
                if not re.search(r"Failed to load resource", each["message"])]

    def picture(self, name):
        """Into the folder NATS3_PICTURES, if it is set."""
        folder = os.environ.get("NATS3_PICTURES")
        if folder:
            pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
            self.driver.save_screenshot(str(pathlib.Path(folder) / f"{name}.png"))
