package dev.uring.bench.proxy

import dev.uring.bench.BenchSession
import dev.uring.bench.echo.MeasuredServer
import dev.uring.bench.process.ChildFailure
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.ProcessPool
import dev.uring.bench.process.findOnPath
import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.nio.file.Files
import java.nio.file.Path
import kotlin.time.Duration.Companion.seconds

/** The nginx of this machine; [streamModule] is the file to load, or null where the program has it built in. */
internal class Nginx private constructor(
    val program: Path,
    val streamModule: Path?,
) {
    companion object {
        /** nginx with its stream module, or why it cannot be used here. */
        val here: Result<Nginx> by lazy {
            runCatching {
                val program =
                    checkNotNull(installed) {
                        "nginx is not installed (Debian: apt-get install nginx libnginx-mod-stream)"
                    }
                of(program, describe(program))
            }
        }

        /** The program; null when there is none. */
        val installed: Path? by lazy {
            // Debian keeps it where only root's PATH looks.
            (findOnPath("nginx") ?: Path.of("/usr/sbin/nginx")).takeIf(Files::isExecutable)
        }

        /** What a [program] can do that describes itself like this (`nginx -V`). */
        fun of(
            program: Path,
            description: String,
        ): Nginx {
            if (BUILT_IN.containsMatchIn(description)) return Nginx(program, null)
            val folder = MODULES.find(description)?.groupValues?.get(1) ?: "/usr/lib/nginx/modules"
            val module = Path.of(folder, "ngx_stream_module.so")
            check(Files.exists(module)) {
                "$program has no stream module: there is no $module (Debian: apt-get install libnginx-mod-stream)"
            }
            return Nginx(program, module)
        }

        private fun describe(program: Path): String =
            ProcessBuilder("$program", "-V")
                .redirectErrorStream(true)
                .start()
                .inputReader()
                .use { it.readText() }

        private val BUILT_IN = Regex("--with-stream(?![=\\w])")
        private val MODULES = Regex("--modules-path=(\\S+)")
    }
}

/** nginx in one process of the harness's own, so that one pid has all of its CPU time. */
internal class RunningNginx private constructor(
    override val name: String,
    override val settings: String,
    override val port: Int,
    override val pid: Long,
) : MeasuredServer {
    override fun counters(): Map<String, Long> = emptyMap()

    companion object {
        private val START_LIMIT = 30.seconds
        private const val POLL_MILLIS = 20L

        /** As a stream proxy. */
        fun start(
            nginx: Nginx,
            session: BenchSession,
            upstreamPort: Int,
        ): RunningNginx {
            val settings = "one process, epoll, proxy_buffer_size 32k, tcp_nodelay on"
            return launch(ProxySubject.NGINX, settings, nginx.program, session) { _, port ->
                streamConfiguration(nginx, port, upstreamPort)
            }
        }

        /** With what [configuration] says of a folder of its own and a port, beside what is the same for all. */
        fun launch(
            name: String,
            settings: String,
            program: Path,
            session: BenchSession,
            configuration: (home: Path, port: Int) -> String,
        ): RunningNginx {
            val port = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }
            val home = Files.createDirectories(session.work.resolve("$name-${ProcessHandle.current().pid()}"))
            val file = Files.writeString(home.resolve("nginx.conf"), configuration(home, port) + common(home))
            val command =
                session.placement.onServerCpu(listOf("$program", "-p", "$home", "-c", "$file", "-e", "stderr"))
            val child = session.pool.start(name, ProcessPool.leashed(command))
            val pid = child.receive(ControlledProcess.PREFIX + "PID ", START_LIMIT).toLong()
            awaitListening(port, pid)
            return RunningNginx(name, settings, port, pid)
        }

        private fun common(home: Path) =
            """
            daemon off;
            master_process off;
            pid $home/nginx.pid;
            error_log stderr warn;
            events { worker_connections 4096; }
            """.trimIndent()

        // Buffers as large as ours: with its default of 16k it would make twice the system calls.
        private fun streamConfiguration(
            nginx: Nginx,
            port: Int,
            upstreamPort: Int,
        ) = buildString {
            nginx.streamModule?.let { appendLine("load_module $it;") }
            appendLine(
                """
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
