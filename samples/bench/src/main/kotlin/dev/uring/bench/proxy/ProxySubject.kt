package dev.uring.bench.proxy

import dev.uring.bench.BenchSession
import dev.uring.bench.echo.MeasuredServer
import dev.uring.bench.echo.RunningEcho
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.JavaCommand

/** A TCP proxy that can be measured, in a process of its own, in front of an echo server. */
class ProxySubject private constructor(
    val name: String,
    val unavailable: (BenchSession) -> String?,
    private val launch: (BenchSession, upstreamPort: Int) -> MeasuredServer,
) {
    /** Starts the proxy on the server's CPU and waits until it listens. */
    fun start(
        session: BenchSession,
        upstreamPort: Int,
    ): MeasuredServer = launch(session, upstreamPort)

    companion object {
        const val FORWARD = "uring-forward"
        const val COPY = "uring-copy"
        const val NGINX = "nginx-stream"

        /** In table order. */
        val ALL: List<ProxySubject> = listOf(ours(FORWARD, "forward"), ours(COPY, "copy"), nginx())

        private fun ours(
            name: String,
            kind: String,
        ) = ProxySubject(name, { it.ioUringUnavailable }) { session, upstreamPort ->
            val command =
                JavaCommand.of(
                    "dev.uring.bench.subject.UringProxy",
                    arguments = listOf(kind, "127.0.0.1:$upstreamPort"),
                )
            RunningEcho(name, ControlledProcess(session.pool.start(name, session.placement.onServerCpu(command))))
        }

        private fun nginx() =
            ProxySubject(NGINX, { Nginx.here.exceptionOrNull()?.message }) { session, upstreamPort ->
                RunningNginx.start(Nginx.here.getOrThrow(), session, upstreamPort)
            }
    }
}
