"""The routes: OpenAI's, llama-server's for a model's template, and one for those who look after the server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from workbench import __version__
from workbench.serving.bodies import ChatBody, TemplateBody, TextBody
from workbench.serving.desk import Desk
from workbench.serving.keys import Keys
from workbench.serving.limits import Gone
from workbench.serving.refusals import Refusal, described, failed

# What web servers note down of a client that did not wait.
_GONE = 499


def build_app(desk: Desk, keys: Keys) -> FastAPI:
    """The desk is open while the app runs. There are no pages of documentation, as they load scripts from elsewhere."""

    @asynccontextmanager
    async def opened(_: FastAPI) -> AsyncIterator[None]:
        desk.open()
        yield
        desk.close()

    app = FastAPI(title="workbench", version=__version__, lifespan=opened, docs_url=None, redoc_url=None)
    app.include_router(_routes(desk, keys), prefix="/v1")
    app.include_router(_template(desk, keys))

    @app.get("/health")
    async def health() -> JSONResponse:
        state = "ok" if desk.healthy else "stopping"
        running = {name: len(orders) for name, orders in desk.orders.items()}
        return JSONResponse({"status": state, "requests": running}, 200 if desk.healthy else 503)

    app.add_exception_handler(Refusal, _refuse)
    app.add_exception_handler(HTTPException, _unknown)
    app.add_exception_handler(Gone, _unheard)
    app.add_exception_handler(Exception, _fail)
    return app


def _routes(desk: Desk, keys: Keys) -> APIRouter:
    async def client(request: Request) -> str:
        """Who asks, by key and address, so that each has a turn."""
        host = request.client.host if request.client else ""
        return f"{keys.check(request.headers.get('Authorization', ''))}@{host}"

    known = Annotated[str, Depends(client)]
    router = APIRouter()

    @router.post("/chat/completions", openapi_extra=_described(ChatBody))
    async def chat(request: Request, client: known) -> Response:
        return await desk.answer(request, ChatBody, client)

    @router.post("/completions", openapi_extra=_described(TextBody))
    async def complete(request: Request, client: known) -> Response:
        return await desk.answer(request, TextBody, client)

    @router.get("/models")
    async def models(client: known) -> dict[str, Any]:
        return {"object": "list", "data": [served.record for served in desk.models.values()]}

    @router.get("/models/{name:path}")
    async def model(name: str, client: known) -> dict[str, Any]:
        return desk.find(name).record

    return router


def _template(desk: Desk, keys: Keys) -> APIRouter:
    """Who scores texts that a model may say has to know how it is asked."""
    router = APIRouter()

    @router.post("/apply-template", openapi_extra=_described(TemplateBody))
    async def apply(request: Request) -> dict[str, str]:
        keys.check(request.headers.get("Authorization", ""))
        return {"prompt": await desk.render(request)}

    return router


def _described(kind: type[ChatBody | TextBody | TemplateBody]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": kind.model_json_schema()}}}}


async def _refuse(_: Request, error: Exception) -> Response:
    refusal = failed(error)
    return JSONResponse(refusal.body, refusal.status, refusal.headers)


async def _unknown(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    said = "there is no such route" if status == 404 else "the route does not do that"
    hint = "hint: the routes are /v1/chat/completions, /v1/completions, /v1/models, /apply-template and /health"
    return JSONResponse(described(status, f"{request.method} {request.url.path}: {said}\n{hint}"), status)


async def _unheard(_: Request, __: Exception) -> Response:
    return Response(status_code=_GONE)


async def _fail(_: Request, error: Exception) -> Response:
    """The server writes the traceback to its own output."""
    refusal = failed(error)
    return JSONResponse(refusal.body, refusal.status)
