/** Node's test events for conftest.py, one JSON object a line: a test and what went wrong, or what a file printed. */
import { inspect } from 'node:util'

export default async function* report(events) {
  for await (const { type, data } of events) {
    const { file, name, message, details, skip } = data
    if (type === 'test:stderr') yield `${JSON.stringify({ file, printed: message })}\n`
    if (type !== 'test:pass' && type !== 'test:fail') continue
    const error = type === 'test:fail' ? inspect(details.error.cause ?? details.error) : null
    yield `${JSON.stringify({ file, name, skip, error })}\n`
  }
}
