package dev.uring.memcache

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOf
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration.Companion.milliseconds

/** Values in pieces, with servers that break off, go mad, or are slow. */
class FakeServerKernelTest :
    FunSpec({
        needsMemcached()

        test("a value that is cut off at any byte fails, and one that is whole does not") {
            val value = "0123456789".repeat(4)
            val wire = "VALUE k 5 ${value.length} 77\r\n$value\r\nEND\r\n"
            val cuts = ArrayDeque((0..wire.length).toList())
            FakeMemcached {
                line() shouldBe "gets k"
                say(wire.take(cuts.removeFirst()))
            }.use { fake ->
                withFake(fake) { client ->
                    for (cut in wire.indices) {
                        withClue({ "cut at byte $cut of ${wire.length}" }) {
                            val failure =
                                shouldThrow<MemcacheConnectionException> {
                                    client.getStream("k") { stream ->
                                        while (stream!!.receive { }) continue
                                    }
                                }
                            failure.wasSent shouldBe true
                            failure.message shouldContain "ended the connection"
                        }
                    }
                    client
                        .getStream("k")
                        .toList()
                        .single()
                        .decodeToString() shouldBe value
                }
            }
        }

        test("a value that arrives in two parts or byte by byte is whole all the same") {
            val value = "0123456789".repeat(4)
            val wire = "VALUE k 5 ${value.length} 77\r\n$value\r\nEND\r\n"
            val cuts = ArrayDeque((0..wire.length).toList())
            FakeMemcached {
                line()
                val cut = cuts.removeFirst()
                if (cut == 0) {
                    wire.forEach { say("$it") }
                } else {
                    say(wire.take(cut))
                    say(wire.drop(cut))
                }
            }.use { fake ->
                withFake(fake) { client ->
                    repeat(wire.length + 1) {
                        val read = StringBuilder()
                        client.getStream("k") { stream ->
                            stream!!.clientFlags shouldBe 5
                            stream.cas shouldBe 77
                            while (stream.receive { read.append(it.toUtf8()) }) continue
                        }
                        "$read" shouldBe value
                    }
                }
            }
        }

        test("a set that is cut off at any byte of its answer fails, and what was promised is what arrives") {
            val wire = "STORED\r\n"
            val cuts = ArrayDeque((0..wire.length).toList())
            FakeMemcached {
                line() shouldBe "set k 7 0 10"
                String(input.readNBytes(12)) shouldBe "01234abcde\r\n"
                say(wire.take(cuts.removeFirst()))
            }.use { fake ->
                withFake(fake) { client ->
                    suspend fun store() =
                        client.setStream("k", 10, flowOf("01234".toByteArray(), "abcde".toByteArray()), clientFlags = 7)
                    repeat(wire.length) {
                        withClue({ "cut at byte $it" }) {
                            shouldThrow<MemcacheConnectionException> { store() }.wasSent shouldBe true
                        }
                    }
                    store()
                }
            }
        }

        val mad =
            mapOf(
                "no reply at all" to "HTTP/1.1 400 Bad Request\r\n\r\n",
                "the answer to something else" to "STORED\r\n",
                "a value larger than may be" to "VALUE k 0 99999999999\r\n",
                "a value without its line end" to "VALUE k 0 3\r\nabcde\r\nEND\r\n",
                "a value without the end of the reply" to "VALUE k 0 3\r\nabc\r\nSTORED\r\n",
                "a second value" to "VALUE k 0 3\r\nabc\r\nVALUE k 0 3\r\nabc\r\nEND\r\n",
                "an empty value without its end" to "VALUE k 0 0\r\nEND\r\n",
                "a line without an end" to "VALUE " + "k".repeat(200_000),
            )
        for ((what, wire) in mad) {
            test("$what fails the value with what was wrong") {
                FakeMemcached {
                    line()
                    say(wire)
                }.use { fake ->
                    withFake(fake) { client ->
                        shouldThrow<MemcacheConnectionException> {
                            client.getStream("k").toList()
                        }.message shouldContain "does not speak memcache as it should: memcache: "
                    }
                }
            }
        }

        test("an answer before the value was sent, or another one than STORED, is none") {
            val answers = ArrayDeque(listOf("STORED\r\n", "HD\r\n", "NOT_STORED\r\n"))
            FakeMemcached {
                line()
                say(answers.removeFirst())
            }.use { fake ->
                withFake(fake) { client ->
                    shouldThrow<MemcacheConnectionException> {
                        client.setStream("k", 10, flow { awaitCancellation() })
                    }.message shouldContain "STORED before the value was sent"
                    shouldThrow<MemcacheConnectionException> {
                        client.setStream("k", 1, flowOf(ByteArray(1)))
                    }.message shouldContain "META_DONE in answer to set"
                    shouldThrow<MemcacheConnectionException> { client.setStream("k", 1, flowOf(ByteArray(1))) }
                }
            }
        }

        test(
            "a server that refuses a value before it was sent is not sent the rest, also while the source has nothing",
        ) {
            FakeMemcached {
                line()
                say("SERVER_ERROR object too large for cache\r\n")
            }.use { fake ->
                withFake(fake) { client ->
                    val endless =
                        flow {
                            val piece = ByteArray(65_536)
                            while (true) emit(piece)
                        }
                    shouldThrow<ItemTooLargeException> { client.setStream("k", 1 shl 30, endless) }
                    shouldThrow<ItemTooLargeException> { client.setStream("k", 1 shl 30, flow { awaitCancellation() }) }
                }
            }
        }

        test("a value that stalls in the middle is given up after the time for an answer") {
            val isOver = CountDownLatch(1)
            FakeMemcached {
                line()
                say("VALUE k 0 100\r\nsome")
                isOver.await()
            }.use { fake ->
                withFake(fake, { copy(commandTimeout = 200.milliseconds) }) { client ->
                    shouldThrow<MemcacheTimeoutException> { client.getStream("k").toList() }
                    isOver.countDown()
                }
            }
        }

        test("what nobody reads stays with the server: no more than buffers full of it are taken") {
            val size = 128L shl 20
            val said = AtomicLong()
            FakeMemcached {
                line()
                say("VALUE k 0 $size\r\n")
                val part = ByteArray(65_536)
                repeat((size / part.size).toInt()) {
                    output.write(part)
                    said.addAndGet(part.size.toLong())
                }
                say("\r\nEND\r\n")
            }.use { fake ->
                withFake(fake) { client ->
                    client.getStream("k") { value ->
                        var read = value!!.read(ByteArray(10)).toLong()
                        said.stalled() shouldBeLessThan size / 2
                        while (value.receive { read += it.size() }) continue
                        read shouldBe size
                    }
                }
            }
        }

        test("a source is asked for no more than the server takes") {
            val size = 128 shl 20
            val mayRead = CountDownLatch(1)
            FakeMemcached {
                line()
                mayRead.await()
                input.skipNBytes(size + 2L)
                say("STORED\r\n")
            }.use { fake ->
                withFake(fake) { client ->
                    val emitted = AtomicLong()
                    val storing =
                        launch {
                            client.setStream(
                                "k",
                                size,
                                flow {
                                    val piece = ByteArray(65_536)
                                    repeat(size / piece.size) {
                                        emitted.addAndGet(piece.size.toLong())
                                        emit(piece)
                                    }
                                },
                            )
                        }
                    eventually({ "it begins" }) { emitted.get() > 0 }
                    emitted.stalled() shouldBeLessThan size / 2L
                    mayRead.countDown()
                    storing.join()
                    emitted.get() shouldBe size
                }
            }
        }

        test("no more values are under way than may be, and the next one comes when one has gone") {
            val mayAnswer = CountDownLatch(1)
            FakeMemcached {
                line()
                mayAnswer.await()
                say("END\r\n")
            }.use { fake ->
                withFake(fake, { copy(streamsMax = 2) }) { client ->
                    val began = CompletableDeferred<Unit>()
                    val all =
                        List(5) {
                            async {
                                began.complete(Unit)
                                client.getStream("k") { it }
                            }
                        }
                    began.await()
                    // Each side hears of a connection by itself.
                    eventually({ "two are there" }) { fake.connections == 2 && client.snapshot().connects == 2L }
                    mayAnswer.countDown()
                    all.awaitAll().toSet() shouldBe setOf(null)
                    fake.connections shouldBe 5
                }
            }
        }
    })

/** Waits until this has stopped growing, and returns it. A slow machine only makes it stop earlier. */
private suspend fun AtomicLong.stalled(): Long {
    var last = -1L
    var same = 0
    while (same < 20) {
        val now = get()
        same = if (now == last) same + 1 else 0
        last = now
        delay(5)
    }
    return last
}

internal fun withFake(
    fake: FakeMemcached,
    configure: MemcacheConfig.() -> MemcacheConfig = { this },
    block: suspend kotlinx.coroutines.CoroutineScope.(MemcacheClient) -> Unit,
) = withUring(countsAll = false) {
    MemcacheClient(runtime, MemcacheConfig(fake.address).configure()).use { block(it) }
}
