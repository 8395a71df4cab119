package dev.uring.momento

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.momento.codec.StatusCode
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.withContext
import java.time.Duration
import java.util.concurrent.CompletionException
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit

/** The faces for Java: stages, and calls that wait on virtual threads. */
class MomentoAsyncKernelTest :
    FunSpec({
        needsKernel()

        test("stages complete with values and failures, and a cancelled future cancels at the server") {
            val cancelled = CompletableDeferred<Unit>()
            withMomento({
                before {
                    when (key.toString(Charsets.UTF_8)) {
                        "bad" -> {
                            fail(StatusCode.PERMISSION_DENIED, "no")
                        }

                        "slow" -> {
                            try {
                                awaitCancellation()
                            } finally {
                                cancelled.complete(Unit)
                            }
                        }
                    }
                }
            }) { _, server ->
                withRuntime { runtime ->
                    val client = MomentoAsyncClient.create(runtime, plainConfig(server.port))
                    val cache = client.cache("c")
                    cache.set("k", "v".toByteArray()).toCompletableFuture().get(20, TimeUnit.SECONDS)
                    cache.getText("k").toCompletableFuture().get(20, TimeUnit.SECONDS) shouldBe "v"
                    cache
                        .get("none".toByteArray())
                        .toCompletableFuture()
                        .get(20, TimeUnit.SECONDS)
                        .shouldBeNull()
                    val refused = shouldThrow<CompletionException> { cache.delete("bad").toCompletableFuture().join() }
                    refused.cause.shouldBeInstanceOf<MomentoPermissionDeniedException>()
                    val slow = cache.get("slow").toCompletableFuture()
                    eventually({ "${client.snapshot()}" }) { client.snapshot().commandsSent == 5L }
                    slow.cancel(false)
                    cancelled.await()
                    client.snapshot().cancelsSent shouldBe 1
                    client.close()
                }
            }
        }

        test("virtual threads wait for replies, and a worker is refused") {
            withMomento { _, server ->
                withRuntime { runtime ->
                    MomentoAsyncClient.create(runtime, plainConfig(server.port)).use { client ->
                        val cache = client.cache("c").blocking()
                        Executors.newVirtualThreadPerTaskExecutor().use { threads ->
                            val got =
                                List(50) { n ->
                                    threads.submit<String?> {
                                        cache.set("k$n", "v$n", Duration.ofMinutes(1))
                                        cache.getText("k$n").also { cache.delete("k$n") }
                                    }
                                }.map { it.get(20, TimeUnit.SECONDS) }
                            got shouldBe List(50) { "v$it" }
                        }
                        val failure = CompletableDeferred<Throwable?>()
                        runtime.worker(0).execute { failure.complete(runCatching { cache.get("k") }.exceptionOrNull()) }
                        failure.await()!!.message!! shouldContain "would stop every connection"
                    }
                }
            }
        }
    })

/** Runs [block] off the workers with a runtime of its own, as a Java program has it. */
private suspend fun withRuntime(block: suspend (UringRuntime) -> Unit) =
    withContext(Dispatchers.IO) {
        UringRuntime
            .start(
                RuntimeConfig
                    .builder()
                    .workersCount(1)
                    .pinWorkers(false)
                    .build(),
            ).use { block(it) }
    }
