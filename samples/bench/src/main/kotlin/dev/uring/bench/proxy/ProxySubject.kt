package dev.uring.bench.proxy

import dev.uring.bench.BenchSession
import dev.uring.bench.echo.MeasuredServer
import dev.uring.bench.echo.RunningEcho
import dev.uring.bench.process.ChildFailure
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.JavaCommand
import dev.uring.bench.process.ProcessPool
import dev.uring.bench.process.findOnPath
import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.nio.file.Files
import java.nio.file.Path
import kotlin.time.Duration.Companion.seconds

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
            ProxySubject(NGINX, { if (findNginx() == null) NGINX_MISSING else null }) { session, upstreamPort ->
                RunningNginx.start(checkNotNull(findNginx()), session, upstreamPort)
            }

        // Debian keeps it where only root's PATH looks.
        private fun findNginx(): Path? =
            findOnPath("nginx") ?: Path.of("/usr/sbin/nginx").takeIf { Files.isExecutable(it) }

        private const val NGINX_MISSING =
            "nginx is not installed (Debian: apt-get install nginx libnginx-mod-stream)"
    }
}

/** nginx as a stream proxy in one process, so that one pid has all of its CPU time. */
private class RunningNginx(
    override val port: Int,
    override val pid: Long,
) : MeasuredServer {
    override val name = ProxySubject.NGINX
    override val settings = "one process, epoll, proxy_buffer_size 32k, tcp_nodelay on"

    override fun counters(): Map<String, Long> = emptyMap()

    companion object {
        private const val MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so"
        private val START_LIMIT = 30.seconds
        private const val POLL_MILLIS = 20L

        fun start(
            program: Path,
            session: BenchSession,
            upstreamPort: Int,
        ): RunningNginx {
            val port = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }
            val home = Files.createTempDirectory("uring-bench-nginx")
            val configuration = Files.writeString(home.resolve("nginx.conf"), configuration(home, port, upstreamPort))
            val command =
                session.placement.onServerCpu(listOf("$program", "-p", "$home", "-c", "$configuration", "-e", "stderr"))
            val child = session.pool.start(ProxySubject.NGINX, ProcessPool.leashed(command))
            val pid = child.receive(ControlledProcess.PREFIX + "PID ", START_LIMIT).toLong()
            awaitListening(port, pid)
            return RunningNginx(port, pid)
        }

        // Buffers as large as ours: with its default of 16k it would make twice the system calls.
        private fun configuration(
            home: Path,
            port: Int,
            upstreamPort: Int,
        ) = buildString {
            if (Files.exists(Path.of(MODULE))) appendLine("load_module $MODULE;")
            appendLine(
                """
                daemon off;
                master_process off;
                pid $home/nginx.pid;
                error_log stderr warn;
                events { worker_connections 4096; }
                stream {
                  proxy_buffer_size 32k;
                  server {
                    listen 127.0.0.1:$port;
                    proxy_pass 127.0.0.1:$upstreamPort;
                    tcp_nodelay on;
                  }
                }
                """.trimIndent(),
            )
        }

        private fun awaitListening(
            port: Int,
            pid: Long,
        ) {
            val deadline = System.nanoTime() + START_LIMIT.inWholeNanoseconds
            while (true) {
                val problem =
                    try {
                        return Socket(InetAddress.getLoopbackAddress(), port).close()
                    } catch (e: IOException) {
                        "${e.message}"
                    }
                if (System.nanoTime() > deadline || !ProcessHandle.of(pid).isPresent) {
                    throw ChildFailure("nginx did not listen on port $port: $problem")
                }
                // Nothing tells when a foreign program listens: asked again, bounded by the deadline.
                Thread.sleep(POLL_MILLIS)
            }
        }
    }
}
