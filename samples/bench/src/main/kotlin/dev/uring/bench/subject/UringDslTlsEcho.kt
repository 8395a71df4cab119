package dev.uring.bench.subject

import dev.uring.dsl.uring
import dev.uring.tls.TlsCredentials
import dev.uring.tls.TlsProvider
import dev.uring.tls.TlsServerOptions
import kotlinx.coroutines.runBlocking
import java.nio.file.Path
import kotlin.concurrent.thread

/** Subjects `uring-dsl-jdk` and `uring-dsl-conscrypt`: the echo of [UringDslEcho], over TLS. */
object UringDslTlsEcho {
    /** Runs the server until the harness ends it; [args] are the PKCS#12 file, its password, and a [TlsProvider]. */
    @JvmStatic
    fun main(args: Array<String>) =
        runBlocking {
            val (store, password, provider) = args
            val tls =
                TlsServerOptions
                    .builder()
                    .credentials(TlsCredentials.pkcs12(Path.of(store), password.toCharArray()))
                    .provider(TlsProvider.valueOf(provider))
                    .build()
            uring({ workersCount(1) }) {
                val server =
                    tcp("127.0.0.1:0", tls = tls) { connection -> connection.forEachView { connection.write(it) } }
                val control =
                    SubjectControl(server.port, "suspending handler, one worker, defaults, provider $provider")
                        .counters { UringCounters.of(runtime) }
                thread(name = "control") { control.serve() }
            }
        }
}
