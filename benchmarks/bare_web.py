"""What is the least that anybody pays for an answer of this size from FastAPI, on our settings of uvicorn?"""

import asyncio
import os
import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from bootstrap.impatience import ImpatientProtocol
from bootstrap.web import CONNECTIONS, GOODBYE_SECONDS, KEEP_ALIVE_SECONDS
from readiness.readiness import Readiness

PATH = "/readiness"


def make_app(document: bytes) -> FastAPI:
    """Return an application with one route, which answers with the readiness of `document`, and one for health."""
    app = FastAPI(openapi_url=None)
    answer = Readiness.model_validate_json(document)

    @app.get(PATH)
    async def readiness() -> Readiness:
        return answer

    @app.get("/livez")
    async def livez() -> str:
        return "ok"

    return app


async def serve(document: Path) -> None:
    """Answer until the process is asked to end."""
    config = uvicorn.Config(
        make_app(document.read_bytes()),
        host=os.environ["LTL_HOST"],
        port=int(os.environ["LTL_PORT"]),
        http=ImpatientProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GOODBYE_SECONDS,
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
