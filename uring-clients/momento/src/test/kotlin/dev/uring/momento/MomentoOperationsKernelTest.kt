package dev.uring.momento

import dev.uring.momento.codec.CommandKind
import dev.uring.momento.codec.StatusCode
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield

class MomentoOperationsKernelTest :
    FunSpec({
        needsKernel()

        test("commands are fired without waiting, and results come with their numbers") {
            withMomento { client, _ ->
                client.cache("c").operations().use { operations ->
                    val set = operations.fireSet("k", "value".toByteArray())
                    operations.receive().run {
                        id shouldBe set
                        kind shouldBe CommandKind.SET
                        failure.shouldBeNull()
                    }
                    val fired = listOf(operations.fireGet("k"), operations.fireGet("none"), operations.fireDelete("k"))
                    operations.pendingCount shouldBe 3
                    val results = List(3) { operations.receive() }
                    results.map { it.id } shouldContainExactly fired
                    results.map { it.value?.toString(Charsets.UTF_8) } shouldContainExactly listOf("value", null, null)
                    operations.pendingCount shouldBe 0
                    shouldThrow<IllegalStateException> { operations.receive() }.message!! shouldContain "fire one first"
                }
            }
        }

        test("results come in the order of the replies, errors among them") {
            val gate = CompletableDeferred<Unit>()
            withMomento({
                before {
                    when (key.toString(Charsets.UTF_8)) {
                        "slow" -> gate.await()
                        "bad" -> fail(StatusCode.NOT_FOUND, "no such cache")
                    }
                }
            }) { client, _ ->
                client.cache("c").operations().use { operations ->
                    val slow = operations.fireGet("slow")
                    val bad = operations.fireGet("bad")
                    val first = operations.receive()
                    first.id shouldBe bad
                    first.failure.shouldBeInstanceOf<MomentoCacheNotFoundException>()
                    gate.complete(Unit)
                    operations.receive().id shouldBe slow
                }
            }
        }

        test("no more are fired than may be pending, received ones make room") {
            withMomento { client, _ ->
                client.cache("c").operations(pendingMax = 2).use { operations ->
                    operations.fireGet("1")
                    operations.fireGet("2")
                    shouldThrow<MomentoOverloadException> { operations.fireGet("3") }.message shouldBe
                        "pendingMax=2 commands were fired and not received yet.\n  Call receive() before firing more."
                    operations.receive()
                    operations.fireGet("3")
                    List(2) { operations.receive() }
                }
            }
        }

        test("a cancelled command is cancelled at the server and has no result, closing cancels the rest") {
            var cancelled = 0
            withMomento({
                before {
                    if (key.size == 4) {
                        try {
                            awaitCancellation()
                        } finally {
                            cancelled++
                        }
                    }
                }
            }) { client, _ ->
                val operations = client.cache("c").operations()
                val given = operations.fireGet("slow")
                operations.fireGet("k")
                operations.receive()
                operations.cancel(given) shouldBe true
                operations.cancel(given) shouldBe false
                operations.pendingCount shouldBe 0
                eventually({ "cancelled=$cancelled" }) { cancelled == 1 }
                operations.fireGet("slow")
                operations.fireGet("k")
                operations.receive()
                operations.close()
                eventually({ "cancelled=$cancelled" }) { cancelled == 2 }
                client.snapshot().cancelsSent shouldBe 2
            }
        }

        test("a cancelled receive loses no result") {
            val gate = CompletableDeferred<Unit>()
            withMomento({ before { gate.await() } }) { client, _ ->
                client.cache("c").operations().use { operations ->
                    val fired = operations.fireGet("k")
                    val receiving = launch { operations.receive() }
                    yield()
                    receiving.cancelAndJoin()
                    gate.complete(Unit)
                    operations.receive().id shouldBe fired
                }
            }
        }
    })
