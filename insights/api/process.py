"""Imports (Symbl's Async API): text, audio and video, as the body of a request or at a URL, into a new or an existing conversation."""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import ValidationError as PydanticError

from insights import http_client, jobs, recorder
from insights.api import auth
from insights.api.editing import editing
from insights.api.errors import ApiError, Problem, sentence
from insights.api.import_request import ImportRequest, RecordingRequest, TextRequest, UrlRequest, query_parameters
from insights.api.uploaded import Uploaded, uploaded
from insights.database import write_transaction
from insights.imports import waiting_files
from insights.imports.import_options import ImportSource
from insights.models import AccessLevel, Conversation
from insights.recorder import ImportOpening
from insights.snapshots import Payload

router = Router(tags=["Imports"])
Request = TypeVar("Request", bound=ImportRequest)
_NOT_OPTIONS = ("access_token",)


class Accepted(Schema):
    """The job of an import, and its conversation. `warnings`: what was accepted and is not carried out."""

    conversationId: str
    jobId: str
    warnings: list[str] | None = None


_PROBLEMS: dict[int, type[Problem]] = {code: Problem for code in (400, 401, 403, 404, 408, 413, 429, 503)}
_ANSWERS: dict[int, Any] = {201: Accepted, **_PROBLEMS}
_QUERY = {"parameters": query_parameters(ImportRequest)}
_RECORDING_QUERY = {"parameters": query_parameters(RecordingRequest)}
_FILE: Payload = {
    "parameters": query_parameters(RecordingRequest),
    "requestBody": {
        "required": True,
        "description": "The bytes of the file, with any Content-Type; or a form whose first file is imported and whose fields are options.",
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary", "minLength": 1}},
        },
    },
}


@router.post("/v1/process/text", response=_ANSWERS, exclude_none=True, openapi_extra=_QUERY, summary="Import text")
def import_text(request: HttpRequest, body: TextRequest) -> Status[Accepted]:
    """Import messages as a new conversation."""
    return _import_text(request, body, None)


@router.put("/v1/process/text/{conversation_id}", response=_ANSWERS, exclude_none=True, openapi_extra=_QUERY, summary="Append text")
def append_text(request: HttpRequest, conversation_id: str, body: TextRequest) -> Status[Accepted]:
    """Append messages to one of your conversations."""
    return _import_text(request, body, auth.conversation(request, conversation_id, AccessLevel.OWN))


def _import_text(request: HttpRequest, body: TextRequest, existing: Conversation | None) -> Status[Accepted]:
    asked = _merged(request, body, ImportRequest)
    file = Uploaded(waiting_files.new_part())
    try:
        waiting_files.write(file.path, json.dumps([item.dump() for item in body.messages]).encode())
    except waiting_files.NoSpace as error:
        raise ApiError(503, str(error)) from None
    return _accept(request, "import_text", asked, existing, _unknown(request, TextRequest), file=file)


def _operations(media: str) -> None:
    """Add the four operations of a kind of recording; OpenAPI names them by the functions."""

    def by_url(request: HttpRequest, body: UrlRequest) -> Status[Accepted]:
        return _import_url(request, body, None)

    def append_by_url(request: HttpRequest, conversation_id: str, body: UrlRequest) -> Status[Accepted]:
        return _import_url(request, body, auth.conversation(request, conversation_id, AccessLevel.OWN))

    def of_file(request: HttpRequest) -> Status[Accepted]:
        return _import_file(request, None)

    def append_file(request: HttpRequest, conversation_id: str) -> Status[Accepted]:
        return _import_file(request, auth.conversation(request, conversation_id, AccessLevel.OWN))

    root = f"/v1/process/{media}"
    for method, path, operation, name, extra, summary in (
        (router.post, f"{root}/url", by_url, f"import_{media}_url", _RECORDING_QUERY, f"Import {media} at a URL"),
        (router.put, f"{root}/url/{{conversation_id}}", append_by_url, f"append_{media}_url", _RECORDING_QUERY, f"Append {media} at a URL"),
        (router.post, root, of_file, f"import_{media}", _FILE, f"Import {media}"),
        (router.put, f"{root}/{{conversation_id}}", append_file, f"append_{media}", _FILE, f"Append {media}"),
    ):
        operation.__name__ = name
        operation.__doc__ = f"{summary}; a job transcribes it."
        register: Callable[..., Any] = method
        register(path, response=_ANSWERS, exclude_none=True, openapi_extra=extra, summary=summary)(operation)


for _media in ("audio", "video"):
    _operations(_media)


def _import_url(request: HttpRequest, body: UrlRequest, existing: Conversation | None) -> Status[Accepted]:
    asked = _merged(request, body, RecordingRequest)
    _check_url(body.url, "url")
    return _accept(request, "import_audio", asked, existing, _unknown(request, UrlRequest), url=body.url)


def _import_file(request: HttpRequest, existing: Conversation | None) -> Status[Accepted]:
    asked = _parsed(RecordingRequest, _in_query(request))
    file = uploaded(request)
    try:
        if file.fields:
            asked = _parsed(RecordingRequest, {**_in_query(request), **file.fields})
    except ApiError:
        file.remove()
        raise
    ignored = RecordingRequest.unknown([*_in_query(request), *file.fields])
    if file.files > 1:
        ignored.append(f"body: only the first of the {file.files} files in the form is imported; send each in a request of its own")
    return _accept(request, "import_audio", asked, existing, ignored, file=file)


def _in_query(request: HttpRequest) -> dict[str, str]:
    return {name: _repeated(values) for name, values in request.GET.lists() if name not in _NOT_OPTIONS}


def _repeated(values: list[str]) -> str:
    """Return the value of a parameter. One that is repeated is a list; the Python SDK repeats one for each character of a JSON text."""
    if len(values) == 1:
        return values[0]
    return "".join(values) if all(len(value) <= 1 for value in values) else json.dumps(values)


def _parsed(kind: type[Request], fields: Mapping[str, object]) -> Request:
    """Return the options. Raises 400 with a sentence for each field that is wrong."""
    try:
        return kind.model_validate(fields)
    except PydanticError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise ApiError(400, "; ".join(sentence(dict(detail)) for detail in details)) from None


def _merged(request: HttpRequest, body: ImportRequest, kind: type[Request]) -> Request:
    """Return the options of a JSON body and of the query; those of the body win."""
    given = body.model_dump(by_alias=True, exclude_unset=True, exclude={"messages", "url"}, mode="json")
    return _parsed(kind, {**_in_query(request), **given})


def _check_url(url: str, name: str) -> None:
    try:
        http_client.check_url(url)
    except http_client.UrlRefused as refused:
        raise ApiError(400, f"{name}: {refused}") from None


def _unknown(request: HttpRequest, kind: type[ImportRequest]) -> list[str]:
    """Return a warning for each unknown name in the query and in the JSON body, which was parsed before."""
    return kind.unknown([*_in_query(request), *json.loads(request.body)])


def _accept(
    request: HttpRequest,
    kind: str,
    asked: ImportRequest,
    existing: Conversation | None,
    ignored: list[str],
    *,
    url: str = "",
    file: Uploaded | None = None,
) -> Status[Accepted]:
    """Store the conversation and the job of an import in one transaction; the file is removed if that fails.

    `ignored`: warnings about what the request has besides options.
    """
    user_id = auth.caller(request).pk
    try:
        if asked.webhookUrl:
            _check_url(asked.webhookUrl, "webhookUrl")
        with write_transaction():
            conversation = existing or _open(asked, user_id)
            if existing is not None and (asked.name or asked.metadata):
                with editing():  # as an edit, which can be undone
                    recorder.edit_conversation(existing.id, user_id, name=asked.name or None, metadata=asked.metadata)
            if existing is not None and asked.detectPhrases:
                recorder.detect_phrases(existing.id)
            source = ImportSource(
                options=asked.options(append=existing is not None),
                asked_at=timezone.now(),
                file=file.keep(conversation.id) if file is not None else "",
                url=url,
            )
            job = jobs.enqueue(kind, user_id, source.dump(), conversation_id=conversation.id, webhook_url=asked.webhookUrl or "")
            job.warnings = asked.warnings() + ignored
            job.save(update_fields=["warnings"])
    except BaseException:
        if file is not None:
            file.remove()
        raise
    return Status(201, Accepted(conversationId=str(conversation.id), jobId=str(job.id), warnings=job.warnings or None))


def _open(asked: ImportRequest, user_id: int) -> Conversation:
    """Store a new conversation."""
    return recorder.open_import(
        ImportOpening(
            owner_id=user_id,
            name=asked.name or "",
            language=asked.languageCode or "en-US",
            started_at=asked.startTime or timezone.now(),
            metadata=asked.metadata or {},
            detect_phrases=bool(asked.detectPhrases),
        )
    )
