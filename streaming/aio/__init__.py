"""asyncio helpers: bounded queues, executors, eager start, isolation, logging of exceptions. Independent of the rest of Parley."""
