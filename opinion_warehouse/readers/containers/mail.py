"""An e-mail → the one attachment that is read. Nothing else of it leaves here but its date."""

import email
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.policy import default
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.readers.text import clean
from opinion_warehouse.sources import Attachment

MAX_PARTS = 1_000
HEADINGS = ("content-type", "mime-version", "received", "message-id", "return-path")
_BROKEN = ("InvalidBase64", "CloseBoundaryNotFound", "StartBoundaryNotFound", "NoBoundaryInMultipart")


@dataclass(frozen=True)
class Attached:
    """An attachment as a file. `sent_at`: the mail's date, in UTC."""

    path: Path
    name: str
    sent_at: datetime | None


def attached_file(path: Path, wanted: Attachment, scratch: Path) -> Attached:
    """Write the attachment whose name fits into the scratch folder. Raises FileRejected."""
    try:
        with path.open("rb") as stream:
            mail = email.message_from_binary_file(stream, policy=default)
        return _attached(mail, wanted, scratch)
    except (FileRejected, MemoryError, OSError):
        raise
    except Exception as error:  # the standard library stumbles over some headers in its own ways
        detail = f"the e-mail cannot be read ({type(error).__name__})"
        raise FileRejected("bad_mail", detail) from None


def attachments(path: Path) -> list[str]:
    """The names of an e-mail's attachments."""
    with path.open("rb") as stream:
        mail = email.message_from_binary_file(stream, policy=default)
    return [name for part in _parts(mail) if (name := _name(part))]


def _attached(mail: EmailMessage, wanted: Attachment, scratch: Path) -> Attached:
    if not any(heading in mail for heading in HEADINGS):
        raise FileRejected("wrong_format", "the file has none of the headers every e-mail has")
    found: dict[bytes, str] = {}
    parts = list(_parts(mail))
    for part in parts:
        name = _name(part)
        if not name or not fnmatchcase(name.casefold(), clean(wanted.pattern).casefold()):
            continue
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes) or not content:
            raise FileRejected("bad_mail", "the attachment is empty, or an e-mail of its own")
        if _is_broken(part):
            raise FileRejected("bad_mail", "the attachment's encoding is damaged")
        found.setdefault(content, name)  # the same file twice is one
    if len(found) > 1:
        detail = f"{len(found)} attachments have a name that fits files.attachment.pattern"
        raise FileRejected("several_attachments", detail)
    if any(_is_broken(part) for part in mail.walk() if part.is_multipart()):
        raise FileRejected("bad_mail", "the e-mail is cut short, or its parts are damaged")
    if not found:
        raise _absent(mail, parts)
    ((content, name),) = found.items()
    target = scratch / "attachment"
    target.write_bytes(content)
    return Attached(target, name, _sent_at(mail))


def _parts(mail: EmailMessage) -> Iterator[EmailMessage]:
    """The parts that hold something, those of forwarded e-mails too."""
    for number, part in enumerate(mail.walk()):
        if number > MAX_PARTS:
            raise FileRejected("bad_mail", f"the e-mail has more than {MAX_PARTS} parts")
        if not part.is_multipart():
            yield part


def _name(part: EmailMessage) -> str:
    """Without a folder some programs put before it."""
    name = part.get_filename() or _encoded_name(part)
    return PurePosixPath(clean(name).replace("\\", "/")).name


def _encoded_name(part: EmailMessage) -> str:
    """An encoded word that stands without quotes, which the policy of today's standards passes over."""
    for key, value in part.raw_items():
        if key.lower() in ("content-disposition", "content-type"):
            old = Message()
            old["Content-Disposition"] = str(value).replace(" name=", " filename=")
            if name := old.get_filename():
                return str(make_header(decode_header(name)))
    return ""


def _is_broken(part: EmailMessage) -> bool:
    return any(type(defect).__name__.startswith(_BROKEN) for defect in part.defects)


def _absent(mail: EmailMessage, parts: list[EmailMessage]) -> FileRejected:
    kinds = {part.get_content_type() for part in mail.walk()}
    names = {_name(part).lower() for part in parts}
    if kinds & {"application/ms-tnef", "application/vnd.ms-tnef"} or "winmail.dat" in names:
        return FileRejected("winmail_dat", "the attachments are packed in Outlook's own form, winmail.dat")
    if "multipart/encrypted" in kinds or "smime.p7m" in names:
        return FileRejected("encrypted", "the e-mail is encrypted, or signed so that its parts are packed")
    count = sum(1 for name in names if name)
    detail = f"none of its {count} attachments has a name that fits files.attachment.pattern"
    return FileRejected("no_attachment", detail)


def _sent_at(mail: EmailMessage) -> datetime | None:
    try:
        value = parsedate_to_datetime(str(mail["date"]))
    except (ValueError, TypeError, IndexError):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
