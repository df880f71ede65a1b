// The door to libpq. There is no link line: whoever keeps enrolments in SQLite loads neither it nor what it needs (Kerberos,
// LDAP). It is loaded when a store is opened that stands on PostgreSQL.
#ifndef TWOSTEP_CPQ_SHIM_H
#define TWOSTEP_CPQ_SHIM_H

#include <dlfcn.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __has_include(<libpq-fe.h>)
#include <libpq-fe.h>
#else
#include <postgresql/libpq-fe.h>
#endif

#define TWOSTEP_PQ_FUNCTIONS(X)                                                                                       \
    X(PQconnectdbParams)                                                                                              \
    X(PQstatus)                                                                                                       \
    X(PQerrorMessage)                                                                                                 \
    X(PQfinish)                                                                                                       \
    X(PQsetnonblocking)                                                                                               \
    X(PQsetNoticeReceiver)                                                                                            \
    X(PQnotifies)                                                                                                     \
    X(PQfreemem)                                                                                                      \
    X(PQsocket)                                                                                                       \
    X(PQflush)                                                                                                        \
    X(PQconsumeInput)                                                                                                 \
    X(PQisBusy)                                                                                                       \
    X(PQgetResult)                                                                                                    \
    X(PQresultStatus)                                                                                                 \
    X(PQresultErrorField)                                                                                             \
    X(PQclear)                                                                                                        \
    X(PQntuples)                                                                                                      \
    X(PQnfields)                                                                                                      \
    X(PQgetvalue)                                                                                                     \
    X(PQgetlength)                                                                                                    \
    X(PQgetisnull)                                                                                                    \
    X(PQcmdStatus)                                                                                                    \
    X(PQcmdTuples)                                                                                                    \
    X(PQsendPrepare)                                                                                                  \
    X(PQsendQuery)                                                                                                    \
    X(PQsendQueryParams)                                                                                              \
    X(PQsendQueryPrepared)                                                                                            \
    X(PQenterPipelineMode)                                                                                            \
    X(PQexitPipelineMode)                                                                                             \
    X(PQpipelineSync)

/// libpq's functions, as they were found.
struct pq_library {
#define X(name) __typeof__(&name) name;
    TWOSTEP_PQ_FUNCTIONS(X)
#undef X
};

/// libpq 14 or newer, which has the pipeline mode; NULL where there is none, and then `error` says why. What it returns is
/// kept for the life of the process.
static inline struct pq_library *pq_load(const char **error) {
    void *handle = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        *error = dlerror();
        return NULL;
    }
    struct pq_library *library = (struct pq_library *)calloc(1, sizeof *library);
    if (library == NULL) {
        *error = "no memory";
        return NULL;
    }
#define X(name)                                                                                                       \
    library->name = (__typeof__(&name))dlsym(handle, #name);                                                          \
    if (library->name == NULL) {                                                                                      \
        *error = "libpq.so.5 has no " #name ": it is older than PostgreSQL 14";                                       \
        free(library);                                                                                                \
        return NULL;                                                                                                  \
    }
    TWOSTEP_PQ_FUNCTIONS(X)
#undef X
    return library;
}

/// What the server has warned of last: the start of its words, empty where it has not.
struct pq_warning {
    const struct pq_library *library;
    char words[200];
};

/// Keeps a warning, and drops everything else that the server remarks: it is printed on standard error otherwise.
static inline void pq_take_remark(void *context, const PGresult *remark) {
    struct pq_warning *warning = (struct pq_warning *)context;
    const char *severity = warning->library->PQresultErrorField(remark, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity == NULL || strcmp(severity, "WARNING") != 0) return;
    const char *words = warning->library->PQresultErrorField(remark, PG_DIAG_MESSAGE_PRIMARY);
    (void)snprintf(warning->words, sizeof warning->words, "%s", words == NULL ? "without words" : words);
}

/// Room for a connection's warnings; NULL without memory.
static inline struct pq_warning *pq_make_warning(const struct pq_library *library) {
    struct pq_warning *warning = (struct pq_warning *)calloc(1, sizeof *warning);
    if (warning != NULL) warning->library = library;
    return warning;
}

/// What was warned of since `pq_forget_warning`; empty if nothing was.
static inline const char *pq_warned(const struct pq_warning *warning) { return warning->words; }

static inline void pq_drop_warning(struct pq_warning *warning) { free(warning); }

static inline void pq_forget_warning(struct pq_warning *warning) { warning->words[0] = 0; }

/// Connects, and is done when that has worked or failed; NULL without memory. `warning` lives longer than the connection.
static inline PGconn *pq_connect(
    const struct pq_library *library, const char *const *names, const char *const *values, struct pq_warning *warning) {
    PGconn *connection = library->PQconnectdbParams(names, values, 0);
    if (connection != NULL) (void)library->PQsetNoticeReceiver(connection, pq_take_remark, warning);
    return connection;
}

static inline bool pq_is_sound(const struct pq_library *library, const PGconn *connection) {
    return library->PQstatus(connection) == CONNECTION_OK;
}

static inline const char *pq_error(const struct pq_library *library, const PGconn *connection) {
    return library->PQerrorMessage(connection);
}

static inline void pq_finish(const struct pq_library *library, PGconn *connection) { library->PQfinish(connection); }

/// No call waits from now on, and commands are sent one after the other without waiting for what they return.
static inline bool pq_begin_pipeline(const struct pq_library *library, PGconn *connection) {
    return library->PQsetnonblocking(connection, 1) == 0 && library->PQenterPipelineMode(connection) == 1;
}

static inline bool pq_end_pipeline(const struct pq_library *library, PGconn *connection) {
    return library->PQexitPipelineMode(connection) == 1;
}

static inline bool pq_sync(const struct pq_library *library, PGconn *connection) {
    return library->PQpipelineSync(connection) == 1;
}

static inline bool pq_prepare(const struct pq_library *library, PGconn *connection, const char *name, const char *sql) {
    return library->PQsendPrepare(connection, name, sql, 0, NULL) == 1;
}

/// Sends a statement with binary values, for binary results: by its name where there is one, else by its text.
static inline bool pq_send(
    const struct pq_library *library, PGconn *connection, const char *name, const char *sql, int count,
    const char *const *values, const int *lengths, const int *formats) {
    if (name != NULL)
        return library->PQsendQueryPrepared(connection, name, count, values, lengths, formats, 1) == 1;
    return library->PQsendQueryParams(connection, sql, count, NULL, values, lengths, formats, 1) == 1;
}

/// Sends statements without values, and not in a pipeline.
static inline bool pq_send_script(const struct pq_library *library, PGconn *connection, const char *sql) {
    return library->PQsendQuery(connection, sql) == 1;
}

/// 1 if a result can be had without waiting, 0 if nothing came in so many milliseconds, -1 if the connection is lost.
static inline int pq_await(const struct pq_library *library, PGconn *connection, int milliseconds) {
    const int unsent = library->PQflush(connection);
    if (unsent < 0) return -1;
    if (!library->PQisBusy(connection)) return 1;
    struct pollfd descriptor = {library->PQsocket(connection), (short)(unsent ? POLLIN | POLLOUT : POLLIN), 0};
    const int ready = poll(&descriptor, 1, milliseconds);
    // A signal is no reason to stop waiting: the caller looks at the clock, and comes again.
    if (ready <= 0) return 0;
    if ((descriptor.revents & ~POLLOUT) != 0 && !library->PQconsumeInput(connection)) return -1;
    return library->PQisBusy(connection) ? 0 : 1;
}

/// 1 if a notice has come, which is taken, with all that came along; 0 if none did in so many milliseconds, -1 if the connection is
/// lost.
static inline int pq_await_notice(const struct pq_library *library, PGconn *connection, int milliseconds) {
    for (int has_waited = 0;; has_waited = 1) {
        int count = 0;
        for (PGnotify *notice; (notice = library->PQnotifies(connection)) != NULL; count++) library->PQfreemem(notice);
        if (count > 0) return 1;
        if (library->PQstatus(connection) != CONNECTION_OK) return -1;
        if (has_waited) return 0;
        struct pollfd descriptor = {library->PQsocket(connection), POLLIN, 0};
        if (poll(&descriptor, 1, milliseconds) <= 0) return 0;
        if (!library->PQconsumeInput(connection)) return -1;
    }
}

static inline PGresult *pq_result(const struct pq_library *library, PGconn *connection) {
    return library->PQgetResult(connection);
}

static inline void pq_clear(const struct pq_library *library, PGresult *result) { library->PQclear(result); }

/// Rows, or the end of a command that has none.
static inline bool pq_is_success(const struct pq_library *library, const PGresult *result) {
    const ExecStatusType status = library->PQresultStatus(result);
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

static inline bool pq_is_sync(const struct pq_library *library, const PGresult *result) {
    return library->PQresultStatus(result) == PGRES_PIPELINE_SYNC;
}

/// Left out because of an error before it.
static inline bool pq_is_left_out(const struct pq_library *library, const PGresult *result) {
    return library->PQresultStatus(result) == PGRES_PIPELINE_ABORTED;
}

/// The five characters of SQLSTATE, or NULL.
static inline const char *pq_state(const struct pq_library *library, const PGresult *result) {
    return library->PQresultErrorField(result, PG_DIAG_SQLSTATE);
}

/// What went wrong, without the values that were sent, or NULL.
static inline const char *pq_words(const struct pq_library *library, const PGresult *result) {
    return library->PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
}

static inline int pq_rows(const struct pq_library *library, const PGresult *result) { return library->PQntuples(result); }

static inline int pq_columns(const struct pq_library *library, const PGresult *result) {
    return library->PQnfields(result);
}

static inline bool pq_is_null(const struct pq_library *library, const PGresult *result, int row, int column) {
    return library->PQgetisnull(result, row, column) != 0;
}

static inline int pq_length(const struct pq_library *library, const PGresult *result, int row, int column) {
    return library->PQgetlength(result, row, column);
}

static inline const char *pq_value(const struct pq_library *library, const PGresult *result, int row, int column) {
    return library->PQgetvalue(result, row, column);
}

/// What the server says that it did: COMMIT, or ROLLBACK where that was all it could do.
static inline const char *pq_command(const struct pq_library *library, PGresult *result) {
    return library->PQcmdStatus(result);
}

/// How many rows it has changed, in digits.
static inline const char *pq_changes(const struct pq_library *library, PGresult *result) {
    return library->PQcmdTuples(result);
}

#endif
