package dev.uring.memcache

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import java.util.concurrent.CountDownLatch
import kotlin.time.Duration.Companion.seconds

/** Gets of one turn, which share lines: what goes out, and who gets what comes back. */
class CombinedGetsKernelTest :
    FunSpec({
        needsMemcached()

        test("what many coroutines get in one turn leaves as one line, and the items may come in any pieces") {
            val keys = List(64) { "k$it" }
            FakeMemcached {
                line() shouldBe "get " + keys.joinToString(" ")
                (keys.joinToString("") { item(it) } + "END\r\n").chunked(3).forEach(::say)
            }.use { fake ->
                withFake(fake) { client -> keys.map { atOnce { client.get(it) } }.awaitAll() shouldBe keys }
            }
        }

        test("without combining each get has its line") {
            val keys = List(64) { "k$it" }
            FakeMemcached {
                for (key in keys) {
                    line() shouldBe "get $key"
                    say(item(key) + "END\r\n")
                }
            }.use { fake ->
                withFake(fake, { copy(combinesGets = false) }) { client ->
                    keys.map { atOnce { client.get(it) } }.awaitAll() shouldBe keys
                }
            }
        }

        test("only gets of the same word that follow each other share a line, and all keep their order") {
            val lines =
                listOf(
                    "get a b",
                    "set c 0 0 1",
                    "1",
                    "get c",
                    "gets d e",
                    "get f g",
                    "get h",
                    "gat 0 i",
                    "get j",
                    "version",
                )
            FakeMemcached {
                List(lines.size) { line() } shouldBe lines
                say("END\r\nSTORED\r\n${item("c")}END\r\nVALUE d 0 1 7\r\nd\r\nVALUE e 0 1 8\r\ne\r\nEND\r\n")
                say("${item("f")}${item("g")}END\r\nEND\r\nEND\r\n${item("j")}END\r\nVERSION 1\r\n")
            }.use { fake ->
                withFake(fake) { client ->
                    val got: List<Deferred<Any?>> =
                        listOf(
                            atOnce { client.get("a") },
                            atOnce { client.getView("b") { it?.size() } },
                            atOnce { client.set("c", "1") },
                            atOnce { client.get("c") },
                            atOnce { client.gets("d")?.cas },
                            atOnce { client.gets("e")?.cas },
                            atOnce { client.getAll(listOf("f", "g")) },
                            atOnce { client.get("h") },
                            atOnce { client.gat("i", kotlin.time.Duration.INFINITE) },
                            atOnce { client.getView("j") { it?.size() } },
                            atOnce { client.version() },
                        )
                    got.awaitAll() shouldContainExactly
                        listOf(null, null, Unit, "c", 7L, 8L, mapOf("f" to "f", "g" to "g"), null, null, 1, "1")
                }
            }
        }

        test("a line has no more keys than every server reads, and no key is on two") {
            val keys = List(100) { "$it-".padEnd(1 + it * 249 / 99, 'x') }
            FakeMemcached {
                val asked = mutableListOf<String>()
                while (asked.size < keys.size) {
                    val line = line()!!
                    line.length + 2 shouldBeLessThanOrEqual LINE_BYTES_MAX
                    val itsKeys = line.removePrefix("get ").split(' ')
                    asked += itsKeys
                    say(itsKeys.joinToString("") { item(it) } + "END\r\n")
                }
                asked shouldBe keys
            }.use { fake ->
                withFake(fake) { client -> keys.map { atOnce { client.get(it) } }.awaitAll() shouldBe keys }
            }
        }

        test(
            "items in another order than the keys, as proxies may send them, find their gets; a key may be asked twice",
        ) {
            FakeMemcached {
                line() shouldBe "get a b c b d"
                say(item("d") + item("b") + item("b") + item("a") + "END\r\n")
            }.use { fake ->
                withFake(fake) { client ->
                    listOf("a", "b", "c", "b", "d").map { atOnce { client.get(it) } }.awaitAll() shouldBe
                        listOf("a", "b", null, "b", "d")
                }
            }
        }

        test("an error in answer to a line is everybody's, and the next line is not touched") {
            FakeMemcached {
                line() shouldBe "get a b"
                line() shouldBe "gets c"
                say("SERVER_ERROR out of memory writing get response\r\nVALUE c 0 1 9\r\nc\r\nEND\r\n")
            }.use { fake ->
                withFake(fake) { client ->
                    val failing = listOf("a", "b").map { key -> atOnce { runCatching { client.get(key) } } }
                    val next = atOnce { client.gets("c")!!.cas }
                    for (failed in failing.awaitAll()) {
                        shouldThrow<MemcacheOutOfMemoryException> { failed.getOrThrow() }.message shouldContain
                            "out of memory"
                    }
                    next.await() shouldBe 9
                    client.snapshot().errorReplies shouldBe 2
                }
            }
        }

        test("an item that nobody asked for ends the connection, and what waits hears why") {
            FakeMemcached {
                line() shouldBe "get a b"
                say(item("a") + item("c") + "END\r\n")
            }.use { fake ->
                withFake(fake) { client ->
                    val first = atOnce { client.get("a") }
                    val second = atOnce { runCatching { client.get("b") } }
                    first.await() shouldBe "a"
                    shouldThrow<MemcacheConnectionException> { second.await().getOrThrow() }.message shouldContain
                        "an item came whose key none of the 1 gets of its line has"
                }
            }
        }

        test("one of a line that is cancelled leaves the others their items") {
            val areCancelled = CountDownLatch(1)
            FakeMemcached {
                line() shouldBe "get a b c d"
                areCancelled.await()
                say(item("a") + item("b") + item("c") + item("d") + "END\r\n")
                line() shouldBe "get e"
                say(item("e") + "END\r\n")
            }.use { fake ->
                withFake(fake) { client ->
                    val gets = listOf("a", "b", "c", "d").map { atOnce { client.get(it) } }
                    eventually({ "they are sent" }) { client.snapshot().inFlight == 4L }
                    gets[0].cancelAndJoin()
                    gets[2].cancelAndJoin()
                    areCancelled.countDown()
                    listOf(gets[1], gets[3]).awaitAll() shouldBe listOf("b", "d")
                    client.get("e") shouldBe "e"
                    client.snapshot().run { listOf(connects, cancellations) } shouldBe listOf(1L, 2L)
                    eventually({ "nothing is in flight" }) { client.snapshot().inFlight == 0L }
                }
            }
        }

        test("gets of a line that nobody answers end in time, and late items are nobody's") {
            val areOver = CountDownLatch(1)
            FakeMemcached {
                line() shouldBe "get a b"
                areOver.await()
                say(item("b") + "END\r\n")
                while (line() != null) say(item("b") + "END\r\n")
            }.use { fake ->
                // The time that it takes to connect is in it.
                withFake(fake, { copy(commandTimeout = 1.seconds) }) { client ->
                    listOf("a", "b").map { atOnce { runCatching { client.get(it) } } }.awaitAll().forEach {
                        shouldThrow<MemcacheTimeoutException> { it.getOrThrow() }.wasSent shouldBe true
                    }
                    areOver.countDown()
                    // A machine that is busy for so long makes it wait again.
                    eventually({ "it answers" }) { runCatching { client.get("b") }.getOrNull() == "b" }
                }
            }
        }

        test("a line that was cut off is sent again with the gets that have no answer, if that was chosen") {
            FakeMemcached {
                if (connectionNumber == 1) {
                    line() shouldBe "get a b c d"
                    say(item("a") + item("c"))
                } else {
                    line() shouldBe "get b c d"
                    say(item("b") + item("c") + "END\r\n")
                }
            }.use { fake ->
                withFake(fake, { copy(replay = ReplayRule.AT_LEAST_ONCE) }) { client ->
                    listOf("a", "b", "c", "d").map { atOnce { client.get(it) } }.awaitAll() shouldBe
                        listOf("a", "b", "c", null)
                    client.snapshot().replays shouldBe 3
                }
            }
        }

        test("what sees of a value what it wants fails alone when it throws") {
            FakeMemcached {
                line() shouldBe "get a b c"
                say(item("a") + item("b") + item("c") + "END\r\n")
            }.use { fake ->
                withFake(fake) { client ->
                    val gets =
                        listOf("a", "b", "c").map { key ->
                            atOnce {
                                runCatching {
                                    client.getView(key) {
                                        if (key ==
                                            "b"
                                        ) {
                                            error("not mine")
                                        } else {
                                            it!!.toUtf8()
                                        }
                                    }
                                }
                            }
                        }
                    gets.awaitAll().map { it.getOrElse { failure -> failure.message } } shouldBe
                        listOf("a", "not mine", "c")
                }
            }
        }

        test("with the real server gets of many coroutines leave in few sends and find their values, or none") {
            RealMemcached().use { real ->
                withClient(real) { client ->
                    for (n in 0 until 300 step 2) client.set("real:$n", "value $n")
                    repeat(3) {
                        List(300) { n -> atOnce { client.get("real:$n") } }.awaitAll() shouldBe
                            List(300) { n -> if (n % 2 == 0) "value $n" else null }
                    }
                    // Also large ones, which are gathered as they come.
                    val large = "x".repeat(200_000)
                    repeat(4) { client.set("large:$it", "$it$large") }
                    List(8) { n -> atOnce { client.get("large:${n % 5}") } }.awaitAll() shouldBe
                        List(8) { n -> if (n % 5 == 4) null else "${n % 5}$large" }
                    client.snapshot().connects shouldBe 1
                }
            }
        }
    })

private fun item(key: String) = "VALUE $key 0 ${key.length}\r\n$key\r\n"

/** Begins right away, so that what several of them send leaves in their order and in one turn. */
private fun <T> CoroutineScope.atOnce(block: suspend CoroutineScope.() -> T): Deferred<T> =
    async(start = CoroutineStart.UNDISPATCHED, block = block)
