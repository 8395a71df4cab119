package dev.uring.memcache

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.maps.shouldContainKey
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** The meta commands, and what is made of them, against the real server. */
class MetaKernelTest :
    FunSpec({
        needsMemcached()

        val server = lazy { RealMemcached() }
        val real by server
        afterSpec { if (server.isInitialized()) real.close() }

        test("a meta get answers what it was asked for") {
            withClient(real) { client ->
                client.metaSet("m", "value") {
                    expiresIn = 100.seconds
                    opaque = "o1"
                    cas = true
                } shouldBe
                    client.metaGet("m") { cas = true }!!.let { MetaOutcome(MetaResult.DONE, it.cas, "o1", null, null) }
                val item =
                    client.metaGet("m") {
                        cas = true
                        ttl = true
                        size = true
                        wasRead = true
                        idle = true
                        key = true
                        opaque = "op"
                    }!!
                item.value shouldBe "value"
                item.ttlSeconds!! shouldBeInRange 90L..100L
                item.sizeBytes shouldBe 5
                item.wasRead shouldBe true
                item.idleSeconds!! shouldBeInRange 0L..20L
                item.key shouldBe "m"
                item.opaque shouldBe "op"
                item.isWon shouldBe false
                client.metaGet("m") { value = false }!!.value shouldBe null
                client.metaGet("m:none") shouldBe null
                client.metaDebug("m")!! shouldContainKey "exp"
                client.metaDebug("m:none") shouldBe null
                client.metaNoop()
            }
        }

        test("a key of any bytes goes as base64 and is another one than its text") {
            withClient(real) { client ->
                val key = byteArrayOf(0, 32, 13, 10, -1)
                client.metaSet(key, "binary").result shouldBe MetaResult.DONE
                client.metaGet(key)!!.value shouldBe "binary"
                client.metaGet("a b\u00ff".toByteArray()) shouldBe null
                client.metaDelete(key).result shouldBe MetaResult.DONE
                client.metaGet(key) shouldBe null
            }
        }

        test("the key comes back with whatever was asked, also one of any bytes") {
            withClient(real) { client ->
                client.metaSet("back", "5") { key = true }.key shouldBe "back"
                client.metaArithmetic("back") { key = true }.let { it.key to it.number } shouldBe ("back" to 6)
                client.metaDelete("back") { key = true }.key shouldBe "back"
                val bytes = "a b\r\n".toByteArray()
                client.metaSet(bytes, "7") { key = true }.key shouldBe "a b\r\n"
                client.metaArithmetic(bytes) { key = true }.let { it.key to it.number } shouldBe ("a b\r\n" to 8)
                client.metaGet(bytes) { noBump = true }!!.value shouldBe "8"
                client.metaDebug(bytes)!! shouldContainKey "exp"
                client.metaDelete(bytes).result shouldBe MetaResult.DONE
                client.metaDebug(bytes) shouldBe null
            }
        }

        test("flags that this server is too old for go as the protocol has them") {
            val lines = mutableListOf<String>()
            FakeMemcached {
                while (true) {
                    val line = line() ?: break
                    lines += line
                    if (line.startsWith("ms")) line()
                    say("HD c18446744073709551615\r\n")
                }
            }.use { fake ->
                withUring(countsAll = false) {
                    MemcacheClient(runtime, MemcacheConfig(fake.address)).use { client ->
                        client.metaSet("k", "v") { newCas = -1 }.cas shouldBe -1
                        client.metaArithmetic("k") { newCas = 7 }
                        client.metaDelete("k") {
                            newCas = 8
                            removeValue = true
                        }
                        client.metaGet("k") {
                            value = false
                            createFor = 5.seconds
                            newCas = 9
                        }
                    }
                }
            }
            lines shouldBe
                listOf("ms k 1 E18446744073709551615", "ma k v D1 E7", "md k x E8", "mg k N5 E9")
        }

        test("modes and compared numbers decide whether a meta set stores") {
            withClient(real) { client ->
                client.delete("mode")
                client.metaSet("mode", "x") { mode = SetMode.REPLACE }.result shouldBe MetaResult.NOT_STORED
                client.metaSet("mode", "a") { mode = SetMode.ADD }.result shouldBe MetaResult.DONE
                client.metaSet("mode", "x") { mode = SetMode.ADD }.result shouldBe MetaResult.NOT_STORED
                client.metaSet("mode", "b") { mode = SetMode.APPEND }.result shouldBe MetaResult.DONE
                client.metaSet("mode", "c") { mode = SetMode.PREPEND }.result shouldBe MetaResult.DONE
                val read = client.metaGet("mode") { cas = true }!!
                read.value shouldBe "cab"
                client.metaSet("mode", "d") { compareCas = read.cas }.result shouldBe MetaResult.DONE
                client.metaSet("mode", "e") { compareCas = read.cas }.result shouldBe MetaResult.EXISTS
                client.metaDelete("mode") { compareCas = read.cas }.result shouldBe MetaResult.EXISTS
                client.metaDelete("mode").result shouldBe MetaResult.DONE
                client.metaDelete("mode").result shouldBe MetaResult.NOT_FOUND
            }
        }

        test("meta arithmetic counts, and begins where it is told to") {
            withClient(real) { client ->
                client.delete("ma")
                client.metaArithmetic("ma").result shouldBe MetaResult.NOT_FOUND
                client
                    .metaArithmetic("ma") {
                        createFor = 60.seconds
                        initial = 41
                        ttl = true
                    }.number shouldBe 41
                client.metaArithmetic("ma").number shouldBe 42
                client
                    .metaArithmetic("ma") {
                        decrement = true
                        delta = 40
                    }.number shouldBe 2
                client.metaArithmetic("ma") { ttl = true }.ttlSeconds!! shouldBeInRange 40L..60L
            }
        }

        test("a quiet batch stores everything in one round trip and tells only what was not done") {
            withClient(real) { client ->
                client.flushAll()
                client.set("q:5", "there")
                // A reply is counted when all that came with it are read, which is after its own coroutine went on.
                eventually({ "the replies before are counted" }) { client.snapshot().inFlight == 0L }
                val before = client.snapshot().repliesReceived
                val result =
                    client.quietly {
                        repeat(1000) { add("q:$it", "v$it", 100.seconds) }
                        delete("q:none")
                        touch("q:1", 100.seconds)
                        set("q:large", "x".repeat(2 shl 20))
                    }
                result.commands shouldBe 1003
                // Some versions are quiet about a delete of what is not there, too.
                result.notDone.filter { it < 1000 } shouldBe listOf(5)
                result.errors shouldBe listOf("SERVER_ERROR object too large for cache")
                eventually({ "the batch is counted" }) { client.snapshot().inFlight == 0L }
                client.snapshot().repliesReceived shouldBe before + 1
                client.getAll(List(1000) { "q:$it" }).size shouldBe 1000
                client.get("q:5") shouldBe "there"
            }
        }

        test("of many who want a value that is not there, one makes it and all get it") {
            withClient(real, workers = 2) { client ->
                client.delete("page")
                var made = 0
                val release = CompletableDeferred<Unit>()
                val all =
                    List(50) {
                        async {
                            client.getOrCompute("page", 60.seconds) {
                                made++
                                release.await()
                                "made"
                            }
                        }
                    }
                eventually({ "somebody makes it" }) { made == 1 }
                release.complete(Unit)
                all.awaitAll().toSet() shouldBe setOf("made")
                made shouldBe 1
                client.metaGet("page") { ttl = true }!!.ttlSeconds!! shouldBeInRange 40L..60L
            }
        }

        test("who fails to make a value, or is cancelled, lets the next one try at once") {
            withClient(real) { client ->
                client.delete("fails")
                shouldThrow<IllegalStateException> {
                    client.getOrCompute(
                        "fails",
                        60.seconds,
                    ) { error("no") }
                }.message shouldBe
                    "no"
                val began = CompletableDeferred<Unit>()
                val cancelled =
                    launch {
                        client.getOrCompute("fails", 60.seconds) {
                            began.complete(Unit)
                            CompletableDeferred<String>().await()
                        }
                    }
                began.await()
                cancelled.cancelAndJoin()
                client.getOrCompute("fails", 60.seconds) { "at last" } shouldBe "at last"
            }
        }

        test("an invalidated value is made anew by one, while others get the old one at once") {
            withClient(real) { client ->
                client.set("stale", "old", 60.seconds)
                client.invalidate("stale", 30.seconds) shouldBe true
                client.invalidate("stale:none", 30.seconds) shouldBe false
                val finish = CompletableDeferred<Unit>()
                val began = CompletableDeferred<Unit>()
                val winner =
                    async {
                        client.getOrCompute("stale", 60.seconds) {
                            began.complete(Unit)
                            finish.await()
                            "new"
                        }
                    }
                began.await()
                client.getOrCompute("stale", 60.seconds) { error("another has won it") } shouldBe "old"
                finish.complete(Unit)
                winner.await() shouldBe "new"
                client.getOrCompute("stale", 60.seconds) { error("it is there") } shouldBe "new"
            }
        }

        test("a value near its end is made anew by one, while others get the old one at once") {
            withClient(real) { client ->
                client.set("soon", "old", 20.seconds)
                client.getOrCompute("soon", 600.seconds, refreshBelow = 10.seconds) { error("not yet") } shouldBe "old"
                client.getOrCompute("soon", 600.seconds, refreshBelow = 30.seconds) {
                    client.getOrCompute(
                        "soon",
                        600.seconds,
                        refreshBelow = 30.seconds,
                    ) { error("won by another") } shouldBe
                        "old"
                    "new"
                } shouldBe "new"
                client.get("soon") shouldBe "new"
            }
        }

        test("a value that was stored while another was made is not overwritten") {
            withClient(real) { client ->
                client.delete("race")
                client.getOrCompute("race", 60.seconds) {
                    client.set("race", "newer")
                    "older"
                } shouldBe "older"
                client.get("race") shouldBe "newer"
            }
        }

        test("text and meta commands do the same to the same items") {
            val seed = System.nanoTime()
            withClue({ "seed=$seed" }) {
                withClient(real) { client ->
                    client.flushAll()
                    val random = Random(seed)
                    repeat(2000) {
                        val key = "d${random.nextInt(8)}"
                        // Without zeros in front: the server pads such a number in the one case and not in the other.
                        val value = List(random.nextInt(1, 4)) { random.nextInt(1, 10) }.joinToString("")
                        val (text, meta) = sameOperation(client, random.nextInt(8), key, value)
                        withClue({ "operation $it on $key" }) { meta shouldBe text }
                        client.get("m:$key") shouldBe client.get("t:$key")
                    }
                }
            }
        }
    })

private suspend fun sameOperation(
    client: MemcacheClient,
    operation: Int,
    key: String,
    value: String,
): Pair<Any?, Any?> {
    val t = "t:$key"
    val m = "m:$key"

    suspend fun metaSet(
        how: SetMode,
        expiry: Duration = Duration.INFINITE,
    ) = client
        .metaSet(m, value) {
            mode = how
            expiresIn = expiry
        }.result == MetaResult.DONE
    return when (operation) {
        0 -> client.set(t, value, 50.seconds).let { true } to metaSet(SetMode.SET, 50.seconds)
        1 -> client.add(t, value) to metaSet(SetMode.ADD)
        2 -> client.replace(t, value) to metaSet(SetMode.REPLACE)
        3 -> client.append(t, value) to metaSet(SetMode.APPEND)
        4 -> client.prepend(t, value) to metaSet(SetMode.PREPEND)
        5 -> client.delete(t) to (client.metaDelete(m).result == MetaResult.DONE)
        6 -> attempt { client.incr(t, 3) } to attempt { client.metaArithmetic(m) { delta = 3 }.number }
        else -> client.gets(t)?.value to client.metaGet(m)?.value
    }
}

// A number of more than 64 bits is none to the server: both must say so.
private suspend fun attempt(block: suspend () -> Long?): Any? =
    try {
        block()
    } catch (refusal: MemcacheClientErrorException) {
        refusal.serverText
    }
