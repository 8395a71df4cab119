package dev.uring.bench.tls

import dev.uring.bench.BenchSession
import dev.uring.bench.echo.MeasuredServer
import dev.uring.bench.echo.RunningEcho
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.JavaCommand
import dev.uring.bench.proxy.Nginx
import dev.uring.bench.proxy.RunningNginx
import java.nio.file.Files
import java.nio.file.Path
import java.util.SplittableRandom

/** A server of one file by HTTP/1.1 over TLS, which reads it from the page cache for each request. */
class TlsFileSubject private constructor(
    override val name: String,
    override val unavailable: (BenchSession) -> String?,
    private val launch: (BenchSession, TlsStore, Path) -> MeasuredServer,
    private val file: Path,
) : TlsContestant {
    override fun start(
        session: BenchSession,
        store: TlsStore,
    ): MeasuredServer = launch(session, store, file)

    companion object {
        const val NGINX = "nginx"
        private const val SEED = 0x5eedL

        /** Makes a file of random bytes in [folder]. */
        fun makeFile(
            folder: Path,
            bytes: Int,
            seed: Long = SEED,
        ): Path {
            val file = folder.resolve("tls-file-${ProcessHandle.current().pid()}-$seed.bin")
            val content = ByteArray(bytes).also { SplittableRandom(seed).nextBytes(it) }
            Files.write(file, content).toFile().deleteOnExit()
            return file
        }

        /** In table order: by provider, ours first; nginx is on OpenSSL. */
        fun all(file: Path): List<TlsFileSubject> =
            listOf(
                java(file, TlsSubject.URING_JDK, "UringTlsFile", "JDK"),
                java(file, TlsSubject.NETTY_JDK, "NettyTlsFile", "JDK", JavaCommand.NETTY_FLAGS),
                java(file, TlsSubject.URING_CONSCRYPT, "UringTlsFile", "CONSCRYPT"),
                java(file, TlsSubject.NETTY_TCNATIVE, "NettyTlsFile", "OPENSSL", JavaCommand.NETTY_FLAGS),
                TlsFileSubject(NGINX, { nginxMissing() }, ::nginx, file),
            )

        private fun java(
            file: Path,
            name: String,
            mainClass: String,
            provider: String,
            flags: List<String> = emptyList(),
        ) = TlsFileSubject(
            name,
            // What the echo of this name needs.
            TlsSubject.ALL.first { it.name == name }.unavailable,
            { session, store, served ->
                val arguments = listOf(store.file.toString(), store.password, provider, served.toString())
                val command = JavaCommand.of("dev.uring.bench.subject.$mainClass", JavaCommand.FLAGS + flags, arguments)
                val child = session.pool.start("$name-file", session.placement.onServerCpu(command))
                RunningEcho(name, ControlledProcess(child))
            },
            file,
        )

        private fun nginxMissing() =
            "nginx is not installed (Debian: apt-get install nginx)".takeIf { Nginx.installed == null }

        private fun nginx(
            session: BenchSession,
            store: TlsStore,
            file: Path,
        ): MeasuredServer {
            val settings =
                "one process, epoll, OpenSSL, no kTLS, output_buffers 2 128k, open_file_cache, tcp_nodelay on"
            return RunningNginx.launch(NGINX, settings, checkNotNull(Nginx.installed), session) { home, port ->
                val pem = store.writePem(home)
                // Chunks as large as Netty's, as many of them, and the file opened once.
                """
                http {
                  access_log off;
                  output_buffers 2 128k;
                  open_file_cache max=8 inactive=1h;
                  open_file_cache_valid 1h;
                  tcp_nodelay on;
                  keepalive_requests 1000000000;
                  keepalive_timeout 1h;
                  client_body_temp_path $home/body;
                  proxy_temp_path $home/proxy;
                  fastcgi_temp_path $home/fastcgi;
                  uwsgi_temp_path $home/uwsgi;
                  scgi_temp_path $home/scgi;
                  server {
                    listen 127.0.0.1:$port ssl;
                    ssl_certificate ${pem.certificate};
                    ssl_certificate_key ${pem.key};
                    ssl_protocols TLSv1.3;
                    location = /file { alias $file; }
                  }
                }

                """.trimIndent()
            }
        }
    }
}
