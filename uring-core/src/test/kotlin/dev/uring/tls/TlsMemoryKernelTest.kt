package dev.uring.tls

import dev.uring.base.PoolExhaustedException
import dev.uring.bytes.ByteView
import dev.uring.net.Connection
import dev.uring.net.ConnectionHandler
import dev.uring.testing.TestCertificates
import dev.uring.testing.send
import dev.uring.testing.smallConfig
import dev.uring.testing.tlsTest
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.types.shouldBeInstanceOf
import java.util.concurrent.CompletableFuture

class TlsMemoryKernelTest :
    FunSpec({
        tlsTest("a connection whose records find no memory ends with the cause, and holds nothing") {
            val closed = CompletableFuture<Throwable?>()
            val answersTooMuch =
                object : ConnectionHandler {
                    override fun onReceive(
                        connection: Connection,
                        bytes: ByteView,
                    ): Int {
                        // Fits into the pool, and what becomes of it does not.
                        connection.write(ByteArray(15 * (64 shl 10)))
                        return bytes.size()
                    }

                    override fun onClosed(
                        connection: Connection,
                        cause: Throwable?,
                    ) {
                        closed.complete(cause)
                    }
                }
            withTls(smallConfig().blockPoolBytesMax(1L shl 20).build()) { world ->
                val server =
                    world.listen(
                        world.serverOptions(TestCertificates.ec.credentials).build(),
                    ) { answersTooMuch }
                jdkClient(server.port(), "TLSv1.3").use {
                    it.send("x")
                    closed.inTime().shouldBeInstanceOf<PoolExhaustedException>()
                }
            }
        }
    })
