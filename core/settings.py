"""Settings: read once at the start, from `FLEETMEND_*` in the environment. Each one documents itself."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, IPvAnyNetwork, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.durations import Duration
from core.errors import BadInput

PREFIX = "FLEETMEND_"
CHECKOUT = Path(__file__).resolve().parent.parent
"""Where the shipped playbooks, roles and symptoms lie."""


def default_state() -> Path:
    """`$XDG_STATE_HOME/fleetmend`, or `~/.local/state/fleetmend`."""
    base = os.environ.get("XDG_STATE_HOME")
    return Path(base) / "fleetmend" if base else Path.home() / ".local" / "state" / "fleetmend"


class Settings(BaseSettings):
    """Every setting of fleetmend. The description of a field is its documentation; see `docs/reference/settings.md`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    content: Path = Field(
        default=CHECKOUT,
        description="Your own folder with `inventory/`, and beside it `playbooks/`, `roles/`, `probes/` and "
        "`symptoms.yml` if you have any. The checkout by default.",
    )
    state: Path = Field(
        default_factory=default_state,
        description="Database, keys, private run folders. Made with mode 0700, outside the checkout.",
    )
    database_url: str | None = Field(
        default=None,
        repr=False,
        description="SQLAlchemy URL of the database, for PostgreSQL `postgresql+psycopg://user:password@host/name`. "
        "SQLite in the state folder by default.",
    )
    broker_url: str | None = Field(
        default=None,
        repr=False,
        description="Celery broker URL, for Redis `redis://:password@host:6379/0`. In memory, within one process, by "
        "default.",
    )
    journal_key_file: Path | None = Field(
        default=None,
        description="File with the key of the journal's chain, 64 hexadecimal digits: the same on every machine that "
        "works on one database. `journal.key` in the state folder by default, made at the first start.",
    )
    host: str = Field(default="127.0.0.1", description="Address that the API listens on.")
    port: int = Field(default=8484, ge=0, le=65535, description="Port of the API; 0 picks a free one.")
    connections: int = Field(
        default=500,
        ge=16,
        le=20_000,
        description="Connections that the API holds at once; one address has half of them at most. Fewer where the "
        "process may open too few files (`ulimit -n`), so that the loop always finds free ones.",
    )
    previews: int = Field(
        default=2,
        ge=1,
        le=64,
        description="Previews and checks of fleets, each with an Ansible of its own, that people may have at work at "
        "once over the API, and one of each plan or fleet; more are answered 429. Each takes a core for seconds.",
    )
    public_url: Annotated[str, AfterValidator(lambda url: url.rstrip("/"))] | None = Field(
        default=None,
        pattern=r"^https?://[^\s/@?#]+/?$",
        description="Base URL under which people reach this installation, for example `https://fleetmend.example.com`; "
        "links in messages begin with it. If it is https, cookies are sent over TLS alone.",
    )
    tls_cert: Path | None = Field(
        default=None,
        description="PEM file with the certificate that the API is served with, and its chain. Goes with "
        "`FLEETMEND_TLS_KEY`; without the two, the API speaks plain HTTP.",
    )
    tls_key: Path | None = Field(
        default=None, description="PEM file with the private key of `FLEETMEND_TLS_CERT`, without a passphrase."
    )
    proxies: tuple[IPvAnyNetwork, ...] = Field(
        default=(),
        description="JSON list of the addresses or networks of proxies in front of the API, for example "
        '`["10.0.0.5", "192.168.0.0/24"]`: what they say of who asks (`X-Forwarded-For`, `X-Forwarded-Proto`) is '
        "believed, and nobody else's word.",
    )
    url: str | None = Field(default=None, description="Base URL of a fleetmend API elsewhere, for the command line.")
    token: str | None = Field(default=None, repr=False, description="API token that the command line sends to `url`.")
    alertmanager_token: str | None = Field(
        default=None,
        repr=False,
        description="The bearer token that Alertmanager sends to `/api/v1/hooks/alertmanager`: with it, that works "
        "without a `sources.yml`.",
    )
    model: str | None = Field(
        default=None,
        description="The planner's model as `<provider>:<name>`, for example `ollama:qwen2.5:7b-instruct`. `rules` "
        "(the default outside the demo) plans without a model.",
    )
    ollama_url: str = Field(default="http://127.0.0.1:11434", description="Where Ollama answers.")
    model_timeout: Duration = Field(
        default=timedelta(seconds=120),
        description="Wall-clock limit for one answer of the model, after which rules answer.",
    )
    workers: int = Field(default=8, ge=1, le=64, description="Threads that advance incidents and run sweeps.")
    most_due: int = Field(
        default=100,
        ge=1,
        description="How many incidents may wait for a worker: while there are more, sweeps are left out, so that what "
        "was found is worked on before more is looked for.",
    )
    forks: int = Field(
        default=10, ge=1, le=500, description="Hosts that one Ansible process works on at the same time."
    )
    lease: Duration = Field(
        default=timedelta(seconds=30), description="How long a step may be silent before another worker takes over."
    )
    probe_timeout: Duration = Field(
        default=timedelta(seconds=30), description="Limit for one sweep over a fleet's hosts."
    )
    ssh_host_keys: str = Field(
        default="accept-new",
        pattern="^(accept-new|strict)$",
        description="`accept-new` stores the key of a host never seen before and refuses a changed one; "
        "`strict` refuses both.",
    )
    pass_environment: tuple[str, ...] = Field(
        default=(),
        description='JSON list of further environment variables that Ansible may see, for example `["VAULT_ADDR"]`.',
    )
    lab: Path = Field(
        default=Path("/var/lib/fleetmend/lab"),
        description="Where `fleetmend lab` keeps its hosts and the tree that they are layered on: a gigabyte, on a "
        "file system that overlayfs can write to.",
    )
    keep_incidents: Duration = Field(
        default=timedelta(days=90),
        ge=timedelta(days=1),
        description="How long ended incidents are kept, with their plans, approvals and runs. Give it more than your "
        "longest cooldown.",
    )
    most_incidents: int = Field(
        default=50_000,
        ge=100,
        description="How many ended incidents are kept; of more, the oldest go first, but none in its first day.",
    )
    keep_events: Duration = Field(
        default=timedelta(days=14),
        ge=timedelta(days=1),
        description="How long the events of ended runs are kept, and the single detections of incidents.",
    )
    keep_outcomes: Duration = Field(
        default=timedelta(days=400),
        ge=timedelta(days=1),
        description="How long outcomes are kept; lessons are made of them.",
    )
    keep_journal: Duration = Field(
        default=timedelta(days=400),
        ge=timedelta(days=1),
        description="How long the journal is kept. What is cut off is sealed by a checkpoint, so that the proof holds.",
    )
    heartbeat_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s]+$",
        repr=False,
        description="URL that is called (GET) every minute while the loop is alive, so that a dead-man switch "
        "elsewhere can tell you when it is not. Treated as a secret.",
    )
    proxy: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s]+$",
        repr=False,
        description="HTTP proxy for what is called outside: Slack, the webhook, the heartbeat. The environment's "
        "`HTTPS_PROXY` counts for nothing. Treated as a secret.",
    )
    slack_token: str | None = Field(
        default=None, repr=False, description="Token of the Slack app's bot, `xoxb-…`. See docs/howto/slack.md."
    )
    slack_signing_secret: str | None = Field(
        default=None, repr=False, description="The Slack app's signing secret: what proves that a click is Slack's."
    )
    slack_url: str = Field(
        default="https://slack.com/api/",
        pattern=r"^https?://[^\s/]+(/[^\s]*)?$",
        description="Where Slack's Web API answers; `https://slack-gov.com/api/` for GovSlack.",
    )
    webhook_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s]+$",
        repr=False,
        description="URL that is told (POST) how incidents stand, for fleets with `notify.webhook: true`. Treated as a "
        "secret.",
    )
    webhook_secret: str | None = Field(
        default=None,
        pattern=r"^whsec_[A-Za-z0-9+/]{32,}={0,2}$",
        repr=False,
        description="What the webhook is signed with, as Standard Webhooks write it: `whsec_` and 24 to 64 random "
        "bytes in base64.",
    )
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$", description="How much is logged.")

    @property
    def secrets(self) -> frozenset[str]:
        """Values that must never be shown, for the redactor."""
        ours = (self.slack_token, self.slack_signing_secret, self.webhook_url, self.webhook_secret, self.proxy)
        return frozenset(value for value in ours if value)

    @property
    def effective_database_url(self) -> str:
        return self.database_url or f"sqlite:///{self.state / 'fleetmend.db'}"


def read_settings(environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """Read the settings; *given* (from command-line options) wins. Raises BadInput for an unknown or unfit one."""
    environment = os.environ if environment is None else environment
    known = {PREFIX + name.upper(): name for name in Settings.model_fields}
    for variable in environment:
        if variable.startswith(PREFIX) and variable not in known and variable not in _NOT_SETTINGS:
            close = difflib.get_close_matches(variable, known, n=1)
            hint = f"; did you mean {close[0]}?" if close else "; see docs/reference/settings.md"
            raise BadInput(f"unknown setting in the environment{hint}", key=variable)
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        raise BadInput(str(first["msg"]).removeprefix("Value error, "), key=PREFIX + name.upper()) from None


_NOT_SETTINGS = frozenset({"FLEETMEND_DEMO", "FLEETMEND_RUN"})
"""What the demo's inventory reads, and what the runner marks its processes with; they configure nothing."""


def ensure_state(state: Path) -> Path:
    """Make the state folder with mode 0700 and return it. Raises BadInput if that can't be done."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        state.chmod(0o700)
    except OSError as error:
        raise BadInput(f"the state folder can't be made: {error}", key="FLEETMEND_STATE") from None
    return state
