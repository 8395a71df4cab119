package dev.uring.redis

import dev.uring.redis.codec.Command
import dev.uring.redis.codec.Reply
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.count
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlin.coroutines.EmptyCoroutineContext

class RedisBatchKernelTest :
    FunSpec({
        needsRedis()

        val server = lazy { RealRedis() }
        val redis by server
        afterSpec { if (server.isInitialized()) redis.close() }

        test("a pipeline's results are typed, and a command that is refused fails its own only") {
            withClient(redis) { client ->
                client.store("p:text", "x")
                val (value, refused, number) =
                    client.pipeline {
                        store("p:a", "1")
                        Triple(fetch("p:a"), bump("p:text"), bump("p:a"))
                    }
                value.value shouldBe "1"
                number.value shouldBe 2
                shouldThrow<RedisException> { refused.value }.code shouldBe "ERR"
                client.pipeline { "empty" } shouldBe "empty"
            }
        }

        test("a pipeline of more commands than may be in flight is answered whole") {
            withClient(redis, configure = { copy(maxInFlight = 10) }) { client ->
                val numbers = client.pipeline { List(5000) { bump("p:many") } }
                numbers.map { it.value } shouldBe List(5000) { it + 1L }
            }
        }

        test("a result that is asked for too early, and a command that comes too late, say so") {
            withClient(redis) { client ->
                lateinit var kept: RedisBatch<String, String>
                client.pipeline {
                    kept = this
                    shouldThrow<IllegalStateException> { bump("p:early").value }.message!! shouldStartWith
                        "INCR has no result yet"
                }
                shouldThrow<IllegalStateException> { kept.bump("p:late") }.message!! shouldStartWith
                    "INCR: its batch has been sent already"
                shouldThrow<IllegalArgumentException> {
                    client.pipeline {
                        execute(
                            command(Command.of("BLPOP", Command.BLOCKING)).arg("k").arg(0),
                            Reply.ANY,
                        )
                    }
                }
            }
        }

        test("commands are sent in the order in which they are added, whenever they were begun") {
            withClient(redis) { client ->
                val echo = Command.of("ECHO")
                val (early, late) =
                    client.pipeline {
                        val begun = command(echo).arg("early")
                        val late = execute(command(echo).arg("late"), Reply.STRING)
                        val early = execute(begun, Reply.STRING)
                        command(echo).arg("never added")
                        early to late
                    }
                early.value shouldBe "early"
                late.value shouldBe "late"
            }
        }

        test("a transaction is executed as one, with typed results") {
            withClient(redis) { client ->
                val (a, b) = client.transaction { bump("t:n") to bump("t:n") }
                (a.value to b.value) shouldBe (1L to 2L)
                val text =
                    client.transaction {
                        store("t:text", "x")
                        bump("t:text")
                    }
                shouldThrow<RedisException> { text.value }.code shouldBe "ERR"
                client.fetch("t:text") shouldBe "x"
            }
        }

        test("a command that cannot be queued makes a transaction do nothing, and says which") {
            withClient(redis) { client ->
                val failure =
                    shouldThrow<RedisException> {
                        client.transaction {
                            bump("t:none")
                            execute(command(Command.of("NOSUCH")).arg("x"), Reply.ANY)
                        }
                    }
                failure.message!! shouldStartWith "NOSUCH: the server answers: ERR unknown command"
                client.fetch("t:none") shouldBe null
                client.transaction { bump("t:none") }.value shouldBe 1
            }
        }

        test("no other command is executed between those of a transaction, though all share one connection") {
            withClient(redis) { client ->
                List(50) {
                    async {
                        val (first, second) = client.transaction { bump("t:atom") to bump("t:atom") }
                        repeat(3) { client.bump("t:atom") }
                        second.value - first.value
                    }
                }.awaitAll() shouldBe List(50) { 1L }
            }
        }

        test("writers that watch what they read lose no update") {
            withClient(redis, workers = 2) { client ->
                client.store("w:sum", "0")
                val writers =
                    List(8) { n ->
                        async(if (n % 2 == 0) Dispatchers.Default else EmptyCoroutineContext) {
                            repeat(10) {
                                client.watch("w:sum", attempts = 1000) {
                                    val sum = fetch("w:sum")!!.toInt()
                                    commit { store("w:sum", "${sum + 1}") }
                                }
                            }
                        }
                    }
                writers.awaitAll()
                client.fetch("w:sum") shouldBe "80"
            }
        }

        test("a watched key that changes each time ends the attempts, and nothing is executed") {
            withClient(redis) { client ->
                var runs = 0
                val failure =
                    shouldThrow<RedisTransactionException> {
                        client.watch("w:busy", attempts = 3) {
                            runs++
                            client.bump("w:busy")
                            commit { store("w:result", "x") }
                        }
                    }
                failure.attempts shouldBe 3
                runs shouldBe 3
                client.fetch("w:result") shouldBe null
            }
        }

        test("a watch that commits nothing, fails or is cancelled leaves no watch behind") {
            withClient(redis, configure = { copy(blockingConnectionsMax = 1) }) { client ->
                client.watch("w:left") { fetch("w:left") } shouldBe null
                shouldThrow<IllegalStateException> { client.watch("w:left") { error("in the block") } }
                val entered = kotlinx.coroutines.CompletableDeferred<Unit>()
                val cancelled =
                    launch {
                        client.watch("w:left") {
                            entered.complete(Unit)
                            kotlinx.coroutines.awaitCancellation()
                        }
                    }
                entered.await()
                client.bump("w:left")
                cancelled.cancelAndJoin()
                // On the one connection there may be: with a watch left over this would not be executed.
                client.watch("w:other", attempts = 1) { commit { bump("w:left") } }.value shouldBe 2
            }
        }

        test("a watched connection that is lost executes nothing, and says so") {
            withClient(redis) { client ->
                val failure =
                    runCatching {
                        client.watch("w:lost") {
                            redis.admin("CLIENT KILL TYPE normal SKIPME yes")
                            eventually({ "both are noticed: ${client.snapshot()}" }) {
                                client.snapshot().connectionsLost == 2L
                            }
                            commit { store("w:lost", "x") }
                        }
                    }.exceptionOrNull()
                (failure is RedisConnectionException) shouldBe true
                client.fetch("w:lost") shouldBe null
            }
        }

        test("a script is sent once as text and then by its hash") {
            withClient(redis) { client ->
                redis.admin("SCRIPT FLUSH")
                val script = RedisScript("return {KEYS[1], ARGV[1], redis.call('INCR', KEYS[1])}")
                repeat(3) { n ->
                    client.script(script, Reply.ANY, listOf("s:k"), listOf("v$n")) shouldBe listOf("s:k", "v$n", n + 1L)
                }
                redis.admin("INFO commandstats").let {
                    Regex("cmdstat_eval:calls=(\\d+)").find(it)!!.groupValues[1] shouldBe "1"
                }
                shouldThrow<RedisException> {
                    client.script(
                        RedisScript("return redis.error_reply('MY own')"),
                        Reply.ANY,
                    )
                }.code shouldBe "MY"
            }
        }

        test("scans give every key, field, member and score, and end early when no more is wanted") {
            withClient(redis) { client ->
                client.cmd("FLUSHDB")
                client.pipeline { repeat(2500) { store("scan:$it", "x") } }
                client.cmd("SADD", "aset", "m1", "m2")
                client.scanFlow(match = "scan:*", count = 100).toList().toSet() shouldBe
                    List(2500) { "scan:$it" }.toSet()
                client.scanFlow(count = 10).take(3).count() shouldBe 3
                client.scanFlow(type = "set").toList() shouldBe listOf("aset")
                client.cmd("HSET", "ahash", "f1", "v1", "f2", "v2")
                client.hscanFlow("ahash").toList() shouldContainExactlyInAnyOrder listOf("f1" to "v1", "f2" to "v2")
                client.sscanFlow("aset").toList() shouldContainExactlyInAnyOrder listOf("m1", "m2")
                client.cmd("ZADD", "azset", "1.5", "a", "-inf", "b")
                client.zscanFlow("azset").toList() shouldContainExactlyInAnyOrder
                    listOf("a" to 1.5, "b" to Double.NEGATIVE_INFINITY)
                withContext(Dispatchers.Default) { client.scanFlow().count() } shouldBe 2503
            }
        }
    })
