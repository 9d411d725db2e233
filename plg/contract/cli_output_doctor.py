"""What `plg doctor` prints with --json; the rules are those of `plg.contract.cli_output`."""

from plg.contract.cli_output import Document
from plg.contract.schema import Answer


class FindingView(Answer, frozen=True, kw_only=True):
    """One check. `verdict` is ok, warn, fail or unknown (it could not be told), `code` the stable name of what was found.

    `seen` and `next_step` are for people, in their language; `facts` are the numbers in them. `next_step` is null when there is
    nothing to do.
    """

    id: str
    verdict: str
    code: str
    seen: str
    next_step: str | None
    facts: dict[str, str | int | float]
    seconds: float


class DoctorDocument(Document, frozen=True, kw_only=True):
    """`plg doctor --json`. `verdict` is the gravest of ok, warn and fail among the checks, which stand in a fixed order."""

    verdict: str
    server: str
    game: str | None
    version: str
    system: str
    checks: list[FindingView]
    schema: str = "plg.doctor/1"


class BundleMember(Answer, frozen=True, kw_only=True):
    """One file of the archive, after redaction."""

    name: str
    bytes: int
    masked: int
    """How many secrets, addresses and e-mail addresses were masked in it."""


class DoctorBundleDocument(Document, frozen=True, kw_only=True):
    """`plg doctor --bundle FILE --json`, after the plg.doctor/1 document."""

    path: str
    members: list[BundleMember]
    schema: str = "plg.doctor_bundle/1"
