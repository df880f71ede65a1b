package import Logging

/// Lets the libraries that log through swift-log write into the journal.
package struct JournalLogHandler: LogHandler {
    private let journal: any Journal
    private let label: String
    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level = .notice

    package init(_ journal: any Journal, label: String) {
        self.journal = journal
        self.label = label
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let level: JournalEntry.Level =
            switch event.level {
            case .critical, .error: .error
            case .warning: .warning
            case .notice: .notice
            case .info: .info
            case .debug, .trace: .debug
            }
        journal.record(JournalEntry(level, "\(label): \(event.message)"))
    }
}
