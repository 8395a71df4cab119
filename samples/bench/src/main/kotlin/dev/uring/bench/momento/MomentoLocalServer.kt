@file:JvmName("MomentoLocalServer")

package dev.uring.bench.momento

import dev.uring.bench.subject.SubjectControl
import dev.uring.dsl.uring
import dev.uring.momento.server.MomentoStore
import dev.uring.momento.server.momentoServer
import dev.uring.tls.TlsCredentials
import dev.uring.tls.TlsServerOptions
import kotlin.concurrent.thread

/** The process of the local server: one worker, one store, a port in the clear and one with TLS. */
suspend fun main() {
    val tls = TlsServerOptions.of(TlsCredentials.selfSigned("localhost", "127.0.0.1"))
    uring(configure = { workersCount(1) }) {
        val values = MomentoStore()
        val plain = momentoServer("127.0.0.1:0") { store(values) }
        val secure = momentoServer("127.0.0.1:0", tls) { store(values) }
        val ports = mapOf("tlsPort" to secure.port.toLong())
        val control = SubjectControl(plain.port, "one worker").counters { ports }
        thread(name = "bench-control") { control.serve() }
    }
}
