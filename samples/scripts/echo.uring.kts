// Sends back what it receives, one worker per core: ./uring run samples/scripts/echo.uring.kts --port 7000
val port = option("--port", default = "7000")

val server =
    tcp("127.0.0.1:$port") { conn ->
        conn.forEachView { view -> conn.write(view) }
    }

println("echo on port ${server.port}, ${runtime.workersCount()} workers")
