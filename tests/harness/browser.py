"""A browser as a person uses it: Debian's Chromium without a window."""

import os
import pathlib
import re
import tempfile

from selenium import webdriver
from selenium.webdriver import ActionChains
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

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
        return self._wait(lambda: all(text in self.text for text in texts), f"to show {texts}")

    def wait_gone(self, text):
        return self._wait(
            lambda: self.count("main") and text not in self.text, f"not to show '{text}'"
        )

    def _wait(self, condition, what):
        def holds():
            try:
                return condition()
            except StaleElementReferenceException:  # drawn anew meanwhile
                return False
        wait_for(holds, SECONDS, f"the page {what}", lambda: self.text)
        return self

    def click(self, label, how=lambda element: element.click()):
        """The link or button that says so, as soon as there is one: in a dialog while one is open."""
        def clicked():
            within = "//dialog[@open]" if self.count("dialog[open]") else ""
            found = self.driver.find_elements(
                By.XPATH,
                f"{within}//*[self::a or self::button or self::summary][normalize-space()='{label}']",
            )
            if found:
                how(found[0])
            return bool(found)
        return self._wait(clicked, f"to have something to click that says '{label}'")

    def double_click(self, label):
        """As slowly as people do: an answer to the first click may be there before the second."""
        twice = ActionChains(self.driver)
        return self.click(label, lambda each: twice.click(each).pause(0.2).click().perform())

    def submit(self):
        """The form."""
        self.driver.find_element(By.CSS_SELECTOR, "form button.main").click()
        return self

    def fill(self, **values):
        """The fields of a form, by their keys, with `__` for a dot."""
        for name, value in values.items():
            field = self._field(name)
            field.clear()
            field.send_keys(value)
        return self

    def tick(self, name):
        """A checkbox: the other way."""
        self._field(name).click()
        return self

    def choose(self, name, choice):
        Select(self._field(name)).select_by_visible_text(choice)
        return self

    def back(self):
        self.driver.back()
        return self

    @property
    def focused(self):
        """What the part that has the keyboard says."""
        return self.driver.switch_to.active_element.text

    def ticked(self, name):
        return self._field(name).is_selected()

    def filled(self, name):
        return self._field(name).get_attribute("value")

    def _field(self, name):
        key = name.replace("__", ".")
        self._wait(lambda: self.driver.find_elements(By.ID, f"field-{key}"), f"to have field {key}")
        return self.driver.find_element(By.ID, f"field-{key}")

    def count(self, selector):
        return len(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def complaints(self):
        """What the browser complained of since the last call, but for answers that say no."""
        return [each["message"] for each in self.driver.get_log("browser")
                if not re.search(r"/api/v1/\S* - Failed to load resource", each["message"])]

    def picture(self, name):
        """Into the folder NATS3_PICTURES, if it is set."""
        folder = os.environ.get("NATS3_PICTURES")
        if folder:
            pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
            self.driver.save_screenshot(str(pathlib.Path(folder) / f"{name}.png"))
