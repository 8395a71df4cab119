package dev.uring.tls

import dev.uring.testing.TestCertificates
import dev.uring.testing.await
import dev.uring.testing.tlsTest
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.io.OutputStream

private val PROTOCOLS = listOf("TLSv1.3", "TLSv1.2")
private val PROVIDERS = listOf(TlsProvider.JDK, TlsProvider.CONSCRYPT)

/** What a client sends arrives in two parts, with the cut at each place there is. */
class TlsSplitKernelTest :
    FunSpec({
        for (provider in PROVIDERS) {
            for (protocol in PROTOCOLS) {
                tlsTest("flights of a handshake may be cut at every byte, over $protocol with $provider") {
                    withTls { world ->
                        val tls = world.serverOptions(TestCertificates.ec.credentials).provider(provider).build()
                        val server = world.listen(tls) { echo }
                        // The same for all: they resume, which is quick, all but the first.
                        val context = jdkContext()
                        var longest = Int.MAX_VALUE
                        var cut = 1
                        while (cut < longest) {
                            longest = 0
                            val cutHere: OutputStream.(ByteArray) -> Unit = { flight ->
                                longest = maxOf(longest, flight.size)
                                world.writeInTwo(this, flight, cut)
                            }
                            RawTlsClient(server.port(), protocol, context, cutHere).use {
                                it.handshake()
                                it.write(it.encrypted("hello") + it.farewell())
                                it.receive() shouldBe "hello"
                                it.receive() shouldBe ""
                            }
                            // Every place of the short flights, and of the hello's beginning; then fewer.
                            cut += if (cut < EVERY_CUT_MAX) 1 else COARSE_STEP
                        }
                        cut shouldBeGreaterThan EVERY_CUT_MAX
                    }
                }

                tlsTest("records may be cut at every byte, over $protocol with $provider") {
                    withTls { world ->
                        val tls = world.serverOptions(TestCertificates.ec.credentials).provider(provider).build()
                        val server = world.listen(tls) { echo }
                        RawTlsClient(server.port(), protocol).use {
                            it.handshake()
                            var size = Int.MAX_VALUE
                            var cut = 1
                            while (cut < size) {
                                val text = "cut at %03d|".format(cut)
                                val records = it.encrypted(text) + it.encrypted(text)
                                size = records.size
                                world.writeInTwo(it.socket.getOutputStream(), records, cut++)
                                it.receive(2 * text.length) shouldBe text + text
                            }
                        }
                    }
                }
            }
        }
    })

private const val EVERY_CUT_MAX = 150
private const val COARSE_STEP = 13

// The second part leaves when the first has been received: they cannot arrive as one.
private fun TlsWorld.writeInTwo(
    output: OutputStream,
    bytes: ByteArray,
    cut: Int,
) {
    if (cut >= bytes.size) return output.write(bytes)
    val before = runtime.snapshots().sumOf { it.bytesReceived() }
    output.write(bytes, 0, cut)
    await({ "the first $cut bytes do not arrive" }) {
        runtime.snapshots().sumOf { it.bytesReceived() } >= before + cut
    }
    output.write(bytes, cut, bytes.size - cut)
}
