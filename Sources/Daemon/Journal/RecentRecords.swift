import AdminProtocol
import Authentication

/// The last records of decisions, for machines without a journal that could be asked; they hold no secret.
///
/// Those about callers other than uid 0 are kept apart: whatever a user asks, nobody's login is forgotten for it.
struct RecentRecords {
    /// How many are kept of each kind.
    static let most = 1000

    /// By which records are told from those of a daemon that ran before.
    let run: Int64
    /// What is kept as it is, since it is put into words only if somebody asks.
    enum Content {
        case login(LoginRecord)
        case other(JournalEntry)

        fileprivate var entry: JournalEntry {
            switch self {
            case .login(let record): record.entry
            case .other(let entry): entry
            }
        }
    }

    private struct Kept {
        let number: Int64
        let at: Int64
        let content: Content

        var logged: LoggedRecord {
            let entry = content.entry
            return LoggedRecord(
                number: number, at: at, priority: entry.level.rawValue, message: entry.message,
                fields: Dictionary(entry.fields.map { ($0.name, $0.value) }) { first, _ in first })
        }
    }

    /// The last of them, in the order of their numbers.
    private struct Ring {
        private var records: [Kept] = []
        /// The place where the next record goes, once it is full.
        private var next = 0

        mutating func append(_ record: Kept) {
            if records.count < RecentRecords.most {
                records.append(record)
            } else {
                records[next] = record
                next = (next + 1) % RecentRecords.most
            }
        }

        /// At most `count` of those behind one of this number, the oldest first.
        func after(_ number: Int64, atMost count: Int) -> ArraySlice<Kept> {
            (records[next...] + records[..<next]).drop { $0.number <= number }.prefix(max(count, 0))
        }
    }

    private var trusted = Ring()
    private var claimed = Ring()
    private var last: Int64 = 0

    init(run: Int64) { self.run = run }

    mutating func append(_ content: Content, at wall: Int64) {
        last += 1
        var content = content
        var isClaimed = false
        if case .login(var record) = content {
            isClaimed = record.peer != 0
            // No record shows it, and a thousand of them would keep as many pages of a crowd that has gone.
            record.request?.evidence = Evidence()
            content = .login(record)
        }
        let record = Kept(number: last, at: wall, content: content)
        if isClaimed { claimed.append(record) } else { trusted.append(record) }
    }

    /// At most `count` of the records behind the one of this number, the oldest first.
    func after(_ number: Int64, atMost count: Int) -> RecordListing {
        let both = trusted.after(number, atMost: count) + claimed.after(number, atMost: count)
        let ordered = both.sorted { $0.number < $1.number }.prefix(max(count, 0)).map(\.logged)
        return RecordListing(
            run: run, records: ordered, cursor: ordered.last?.number ?? last, newest: last)
    }
}
