"""DOC → DOCX, by LibreOffice where it is installed: no library reads Word's old binary form."""

import shutil
import subprocess
from pathlib import Path

from opinion_warehouse.readers.containers.zip_container import OLE_MAGIC
from opinion_warehouse.readers.problems import FileRejected

SECONDS = 120


def docx_of_doc(path: Path, scratch: Path) -> Path:
    """The document saved as docx in the scratch folder. Raises FileRejected."""
    with path.open("rb") as stream:
        if stream.read(8) != OLE_MAGIC:
            raise FileRejected("wrong_format", "the bytes are not those of a Word document of the old form")
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        detail = "reading .doc files needs LibreOffice, which is not installed here"
        raise FileRejected("libreoffice_missing", detail)
    source = scratch / "converted.doc"
    shutil.copyfile(path, source)
    command = [program, f"-env:UserInstallation={(scratch / 'office').as_uri()}", "--headless", "--norestore"]
    command += ["--convert-to", "docx", "--outdir", str(scratch), str(source)]
    try:
        subprocess.run(command, check=False, capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise FileRejected("parser_timeout", f"LibreOffice took more than {SECONDS} seconds") from None
    target = source.with_suffix(".docx")
    if not target.exists():
        raise FileRejected("bad_archive", "LibreOffice cannot read the document: damaged, or with a password")
    return target
