package dev.uring.net

import dev.uring.testing.TestServer
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.driverTest
import dev.uring.testing.receiveText
import dev.uring.testing.reset
import dev.uring.testing.send
import dev.uring.testing.smallConfig
import dev.uring.testing.withServer
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlin.concurrent.thread

private const val CONNECTIONS = 10_000
private const val CLIENT_THREADS = 4

class ConnectionChurnStressTest :
    FunSpec({
        driverTest("ten thousand connections come and go, and not a descriptor, buffer, block or operation is left") {
            val echo = ConnectionHandler { connection, bytes -> bytes.size().also { connection.write(bytes) } }
            withServer(echo, smallConfig().workersCount(2).build()) { server ->
                val clients = List(CLIENT_THREADS) { thread { server.comeAndGo(CONNECTIONS / CLIENT_THREADS) } }
                clients.forEach { it.join() }
                await({ "${server.runtime.snapshots()}" }) {
                    server.runtime.snapshots().sumOf { it.connectionsClosed() } == CONNECTIONS.toLong()
                }
                server.awaitNothingHeld()
                for (index in 0 until 2) {
                    val worker = server.runtime.worker(index)
                    val snapshot = worker.call { worker.snapshot() }
                    snapshot.failures() shouldBe 0
                    snapshot.timersArmed() shouldBe 0
                    // The accept alone.
                    snapshot.operationsUnderWay() shouldBe 1
                }
            }
        }
    })

private fun TestServer.comeAndGo(count: Int) {
    repeat(count) { round ->
        connect().use { client ->
            if (round % 3 != 0) {
                client.send("hello")
                check(client.receiveText(5) == "hello") { "wrong echo" }
            }
            // Half of them by RST: those leave no local port in TIME_WAIT behind.
            if (round % 2 == 0) client.reset()
        }
    }
}
