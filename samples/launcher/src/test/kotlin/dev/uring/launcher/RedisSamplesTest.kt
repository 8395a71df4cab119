package dev.uring.launcher

import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import kotlin.io.path.Path

class RedisSamplesTest :
    FunSpec({
        cacheScriptNeeds("redis-server")

        test("the script counts visits in a real server, and ends") {
            val folder = tempdir().toPath()
            RealRedis(folder).use { redis ->
                val script = Path(System.getProperty("uring.root"), "samples", "scripts", "redis.uring.kts")
                ChildProcess(tempdir().toPath(), emptyMap(), "run", "$script", "unix:${redis.address}").use { child ->
                    val done = child.await()
                    done.err shouldBe ""
                    done.out shouldBe "visits 1 to 10, 1 keys"
                    done.status shouldBe 0
                }
            }
        }
    })
