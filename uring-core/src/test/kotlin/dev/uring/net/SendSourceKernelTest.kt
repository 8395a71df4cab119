package dev.uring.net

import dev.uring.base.ConnectionLostException
import dev.uring.socket.Endpoint
import dev.uring.testing.Guarded
import dev.uring.testing.Recorder
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.driverTest
import dev.uring.testing.receive
import dev.uring.testing.receiveText
import dev.uring.testing.reset
import dev.uring.testing.smallConfig
import dev.uring.testing.withServer
import dev.uring.worker.Worker
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeLessThanOrEqualTo
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.Socket
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.random.Random

private const val KIB = 1 shl 10
private const val MIB = 1 shl 20

class SendSourceKernelTest :
    FunSpec({
        driverTest("a source's bytes arrive between what was written before it and behind it") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect()
                val sources = listOf(ArraySource("<first>"), ArraySource("<second>", chunkBytes = 3), ArraySource(""))
                recorder.connection().call {
                    write(sources[0])
                    writeUtf8("a")
                    write(sources[1])
                    write(sources[2])
                    writeUtf8("b")
                    unsentBytes() shouldBe 17
                }
                client.receiveText(17) shouldBe "<first>a<second>b"
                sources.forEach { it.end.get(20, TimeUnit.SECONDS) shouldBe null }
                recorder.connection().call { unsentBytes() } shouldBe 0
            }
        }

        driverTest("random sources and parts reach a slow reader byte-exact, two chunks of each in memory at most") {
            val seed = System.nanoTime()
            withClue("seed=$seed") {
                val random = Random(seed)
                val stream = random.nextBytes(6 * MIB)
                val recorder = Recorder()
                val sources = ArrayList<ArraySource>()
                withServer(recorder, smallConfig().sendQueueBytesMax(MIB.toLong()).build()) { server ->
                    val client = server.connect(receiveBufferBytes = 8 * KIB)
                    val connection = recorder.connection()
                    var at = 0
                    connection.call {
                        // More in all than the queue may hold in memory.
                        while (at < stream.size) {
                            val from = at
                            if (random.nextInt(4) == 0) {
                                at = minOf(at + random.nextInt(1, 20_000), stream.size)
                                write(stream, from, at - from)
                            } else {
                                at = minOf(at + random.nextInt(1, 500_000), stream.size)
                                val isLate = random.nextBoolean()
                                val chunkBytes = random.nextInt(1_000, 70_000)
                                val source =
                                    ArraySource(stream.copyOfRange(from, at), chunkBytes, server.worker, isLate)
                                sources += source
                                write(source)
                            }
                        }
                        unsentBytes() shouldBe stream.size
                    }
                    client.receive(stream.size).contentEquals(stream) shouldBe true
                    sources.forEach { it.end.get(20, TimeUnit.SECONDS) shouldBe null }
                    sources.maxOf { it.chunksOutMax } shouldBeLessThanOrEqualTo 2
                    sources.all { source -> source.chunks.all { it.releases == 1 } } shouldBe true
                }
            }
        }

        driverTest("a source with zero-copy sends is byte-exact too") {
            val stream = Random(5).nextBytes(2 * MIB)
            val recorder = Recorder()
            withServer(recorder, smallConfig().zeroCopySendBytesMin(1).build()) { server ->
                val client = server.connect(receiveBufferBytes = 8 * KIB)
                val source = ArraySource(stream, chunkBytes = 8 * KIB)
                recorder.connection().call { write(source) }
                client.receive(stream.size).contentEquals(stream) shouldBe true
                source.end.get(20, TimeUnit.SECONDS) shouldBe null
                await { source.chunks.all { it.releases == 1 } }
            }
        }

        driverTest("close sends what a source has still to fetch before the FIN") {
            val stream = Random(6).nextBytes(MIB)
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect()
                recorder.connection().call {
                    write(ArraySource(stream, chunkBytes = 10_000, server.worker, isLate = true))
                    close()
                }
                client.getInputStream().readAllBytes().contentEquals(stream) shouldBe true
                client.close()
                recorder.closed() shouldBe null
            }
        }

        driverTest("a source that fails ends the connection with its reason, and hears of it once") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect()
                val broken = IllegalStateException("the disk is on fire")
                val source = ArraySource(ByteArray(MIB), chunkBytes = 64 * KIB, failAt = 5, failure = broken)
                recorder.connection().call { write(source) }
                recorder.closed() shouldBe broken
                source.end.get(20, TimeUnit.SECONDS) shouldBe broken
                await { source.chunks.all { it.releases == 1 } }
                runCatching { client.getInputStream().readAllBytes() }.isFailure shouldBe true
            }
        }

        driverTest("a connection that ends tells its sources once, and releases a chunk that comes too late") {
            for (end in listOf<(Connection, Socket) -> Unit>(
                { connection, _ -> connection.call { abort() } },
                { _, client -> client.reset() },
            )) {
                val recorder = Recorder()
                withServer(recorder) { server ->
                    val client = server.connect(receiveBufferBytes = 8 * KIB)
                    val connection = recorder.connection()
                    val sent = ArraySource(ByteArray(16 * MIB), chunkBytes = MIB)
                    val waiting = ArraySource(ByteArray(9))
                    val never = ArraySource(ByteArray(9))
                    connection.call {
                        write(sent)
                        write(waiting)
                    }
                    client.receive(2 * MIB)
                    end(connection, client)
                    recorder.closed().shouldBeInstanceOf<ConnectionLostException>()
                    connection.call { write(never) }
                    for (source in listOf(sent, waiting)) {
                        source.end.get(20, TimeUnit.SECONDS).shouldBeInstanceOf<ConnectionLostException>()
                    }
                    never.end.get(20, TimeUnit.SECONDS).shouldBeInstanceOf<ConnectionLostException>()
                    await { sent.chunks.all { it.releases == 1 } }
                }
            }
            val recorder = Recorder()
            withServer(recorder) { server ->
                server.connect()
                val connection = recorder.connection()
                val source = ManualSource()
                connection.call { write(source) }
                await { connection.call { source.isAsked } }
                connection.call { abort() }
                recorder.closed()
                val late = Guarded(ByteArray(8))
                server.worker.call { source.give(late) }
                late.releases shouldBe 1
                source.ends shouldBe 1
            }
        }

        driverTest("a chunk of the wrong size, or without having been asked, is refused") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                server.connect()
                val connection = recorder.connection()
                val source = ManualSource()
                connection.call {
                    shouldThrow<IllegalStateException> { source.give(Guarded(ByteArray(1))) }
                    write(source)
                    shouldThrow<IllegalStateException> { write(source) }.message shouldBe
                        "a source is written once; make another for connection " +
                        "${Endpoint.text(remoteAddress())}, worker 0"
                }
                await { connection.call { source.isAsked } }
                connection.call {
                    shouldThrow<IllegalArgumentException> { source.give(Guarded(ByteArray(9))) }.message shouldBe
                        "chunk of 9 bytes; the source has still to offer 8 of 8 bytes, in chunks of 1 byte or more"
                    abort()
                }
                shouldThrow<IllegalArgumentException> { NegativeSource() }
            }
        }
    })

/** An array, in chunks, at once or a task later. */
private class ArraySource(
    private val array: ByteArray,
    private val chunkBytes: Int = 1 shl 20,
    private val worker: Worker? = null,
    private val isLate: Boolean = false,
    private val failAt: Int = -1,
    private val failure: Throwable? = null,
) : SendSource(array.size.toLong()) {
    constructor(text: String, chunkBytes: Int = 1 shl 20) : this(text.toByteArray(), chunkBytes)

    val chunks = ArrayList<Guarded>()
    val end = CompletableFuture<Throwable?>()
    var chunksOutMax = 0
    private var chunksOut = 0

    override fun produce() {
        if (chunks.size == failAt) return fail(failure)
        val from = array.size - leftToOffer().toInt()
        val chunk = Guarded(array.copyOfRange(from, minOf(from + chunkBytes, array.size))) { chunksOut-- }
        chunks += chunk
        chunksOutMax = maxOf(chunksOutMax, ++chunksOut)
        if (isLate) worker!!.execute { offer(chunk) } else offer(chunk)
    }

    override fun ended(failure: Throwable?) {
        check(end.complete(failure)) { "ended twice" }
    }
}

/** Eight bytes that the test delivers. */
private class ManualSource : SendSource(8) {
    var isAsked = false
    var ends = 0

    override fun produce() {
        isAsked = true
    }

    override fun ended(failure: Throwable?) {
        ends++
    }

    fun give(chunk: Guarded) = offer(chunk)
}

private class NegativeSource : SendSource(-1) {
    override fun produce() = Unit

    override fun ended(failure: Throwable?) = Unit
}
