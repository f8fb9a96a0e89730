"""The pages in a real browser, at the width of a phone: sign in, see what would change, approve, sign out.

Needs the Debian packages `chromium` and `chromium-driver`. Its screenshots lie in the test's own folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.wait import WebDriverWait

from api.server import Server
from tests.certificates import make_certificate
from tests.two_fleets import MINE, PASSWORD, TwoFleets, two_fleets

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="needs the Debian packages chromium and chromium-driver"
)


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[WebDriver]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    options.accept_insecure_certs = True
    for argument in (
        "headless=new",
        "no-sandbox",
        "disable-dev-shm-usage",
        "disable-gpu",
        f"user-data-dir={tmp_path / 'chromium'}",
    ):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, Service(DRIVER))
    driver.set_page_load_timeout(60)
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def two(tmp_path: Path) -> Iterator[TwoFleets]:
    with two_fleets(tmp_path / "house") as opened:
        opened.house.loop.context.store.passwords.set("approver", PASSWORD, "test")
        yield opened


def click(phone: WebDriver, by: str, what: str) -> None:
    """Click, and wait until the next page is there."""
    before = phone.find_element(By.TAG_NAME, "html")
    phone.find_element(by, what).click()
    waiting = WebDriverWait(phone, 60)
    waiting.until(staleness_of(before))
    waiting.until(lambda there: there.execute_script("return document.readyState") == "complete")


def text(phone: WebDriver) -> str:
    return phone.find_element(By.TAG_NAME, "body").text


def shoot(phone: WebDriver, file: Path) -> None:
    """The whole page, as wide as the phone: nothing of it lies beside the screen."""
    width, height = phone.execute_script(
        "return [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert width <= PHONE["width"], "one would have to scroll sideways"
    phone.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE | {"height": height})
    phone.save_screenshot(str(file))
    phone.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)


def sign_in(phone: WebDriver, password: str) -> None:
    phone.find_element(By.NAME, "name").send_keys("approver")
    phone.find_element(By.NAME, "password").send_keys(password)
    click(phone, By.CSS_SELECTOR, "main button")


def test_a_plan_is_approved_from_a_phone(two: TwoFleets, phone: WebDriver, tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path)
    incident = two.ids[MINE]["incident_id"]
    with Server(two.app, host="127.0.0.1", port=0, tls_cert=cert, tls_key=key) as server:
        phone.get(f"{server.url}/incidents/{incident}")
        assert phone.current_url == f"{server.url}/sign-in?next=/incidents/{incident}"
        shoot(phone, tmp_path / "1-sign-in.png")
        sign_in(phone, "wrong")
        assert "do not go together" in text(phone)
        sign_in(phone, PASSWORD)
        assert phone.current_url == f"{server.url}/incidents/{incident}"
        [cookie] = phone.get_cookies()
        assert (cookie["name"], cookie["httpOnly"], cookie["secure"]) == ("__Host-fleetmend", True, True)
        assert "+ok" in text(phone)
        assert "Can't be foreseen: Restart it" in text(phone)
        shoot(phone, tmp_path / "2-incident.png")
        click(phone, By.CSS_SELECTOR, "button.yes")
        assert "Approved by person:approver" in text(phone)
        shoot(phone, tmp_path / "3-approved.png")
        click(phone, By.LINK_TEXT, "Live incidents")
        assert "service_down web on h1" in text(phone)
        shoot(phone, tmp_path / "4-list.png")
        click(phone, By.CSS_SELECTOR, "header button")
        assert phone.current_url == f"{server.url}/sign-in"
        phone.get(f"{server.url}/incidents")
        assert phone.current_url == f"{server.url}/sign-in?next=/incidents"
        problems = [one["message"] for one in phone.get_log("browser") if "403" not in one["message"]]
        assert problems == [], "nothing is against the pages' own policy"
    [approval] = two.house.loop.context.store.approvals.of(two.ids[MINE]["plan_id"])
    assert (approval.by, approval.via) == ("person:approver", "session")


FETCH = """
const [path, done] = arguments;
fetch(path).then((answer) => done(answer.status)).catch(() => done("refused"));
"""


def test_scripts_of_the_documentation_are_in_no_session(two: TwoFleets, phone: WebDriver, tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path)
    with Server(two.app, host="127.0.0.1", port=0, tls_cert=cert, tls_key=key) as server:
        phone.get(f"{server.url}/sign-in")
        sign_in(phone, PASSWORD)
        phone.get(f"{server.url}/api/v1/docs")
        found = {
            path: phone.execute_async_script(FETCH, path)
            for path in ("/api/v1/openapi.json", "/api/v1/me", "/incidents")
        }
    assert found == {"/api/v1/openapi.json": 200, "/api/v1/me": "refused", "/incidents": "refused"}
