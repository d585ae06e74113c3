/* One cell while it trains: shared by the files of this room and by nobody else. */
#ifndef PERDURE_TRAIN_CELL_H
#define PERDURE_TRAIN_CELL_H
#include "plugin/host.h"
#include "train/train.h"

/* A stretch of training between two rows of the matrix: a task, or with train_on: all the whole stream at once. */
typedef struct stage {
    host_task task;       /* first: what hooks see of it; its rows and labels are `rows` and `labels` */
    int64_t first, tasks; /* of the stream, whose rows these are */
    int64_t *rows;   /* [count + held] places in data->train, those held out behind the others; NULL: not running */
    int64_t *labels; /* [count + held] columns; likewise */
    int64_t count, held;
    int64_t *classes; /* of several tasks as one; else NULL */
    int64_t *ends;    /* [tasks] of a stream that tells of no tasks: where each one's rows end; else NULL */
    int64_t after;    /* the row of the matrix that follows it */
} stage;

/* The order in which an epoch takes the task's rows and, behind them, those of mingled memories. */
typedef struct batch_order {
    int64_t *at; /* [count]: below the stage's count a row of it, else one of the mingled */
    int64_t count, next;
    int64_t taken;     /* by the last batch */
    int64_t rehearsed; /* rows behind the fresh ones in the last batch: the next one has room for as many */
    struct batch_mingled {
        pdr_memory *memory;
        int64_t slot;
    } * mingled;
    int64_t mingled_count;
    random_stream random, augmentation;
} batch_order;

typedef struct cell_clock {
    double start, train, evaluate, between_tasks, checkpoint; /* seconds */
} cell_clock;

/* Where a cell stands between two steps, or between two tasks. */
typedef struct cell_place {
    int64_t stage, epoch; /* of the stage that runs, else that is next */
    bool in_task;         /* behind its before_task; the batch order says how far */
} cell_place;

typedef struct cell {
    const plan *plan;
    const plan_method *method;
    const struct scenario *scenario;
    const dataset *data;
    const struct engine *engine;
    const engine_executor *executor;
    const train_listener *listener;
    profile *profile; /* the listener's; NULL: nobody asks where the time goes */
    int64_t seed;
    stream *stream;
    host_session session;
    engine_optimizer *optimizer;
    stage *stages;
    int64_t stage_count;
    host_task *views;             /* [stream->count] the tasks as evaluation shows them */
    int64_t *first_of, *count_of; /* [columns] the run of columns that competes with a column's own */
    host_step step;               /* one, used again by every step */
    batch_order order;
    int64_t steps, steps_before, steps_all; /* done; done before this stage; of the whole cell */
    int64_t steps_timed;                    /* those that the clock of training counts */
    int64_t segment;          /* the stream's task that the last batch came to, where nobody is told of it */
    bool row_now;             /* a row of the matrix was measured behind the last step */
    bool warm;                /* a step was made in this process */
    double loss, told, saved; /* last loss read; when progress was last told, the state last saved */
    struct saver *saver;      /* NULL: nothing was saved yet */
    struct checkpoint *from;  /* while the cell is opened to go on; else NULL */
    struct checkpoint *begun; /* the first task as other cells share it, while it is to be had; else NULL */
    cell_place place;         /* where it goes on; all zero: at the beginning */
    float *heads;             /* all weights as the task began, see check.c; NULL: not looked at */
    bool *reached;            /* [columns] by a gradient in this task; likewise */
    int64_t **some;           /* [stream->count] test rows that stand for all within a task; NULL: all do */
    cell_clock clock;
    cell_result *result;
} cell;

/* ---- stage.c: what is trained on, in which order ---- */
void stages_open(cell *c);
void stages_close(cell *c);
/* What is to be there before the first hook of a task: its head, and where the method says so an optimizer as new. */
int stage_begin(cell *c, stage *s, error *e);
void stage_fill(const cell *c, stage *s); /* its rows, as stage_begin() does */
void stage_empty(stage *s);               /* and away with them, when it is over */
/* Where nobody is told of tasks: what hooks see of the one task follows the rows that were taken. Else nothing happens. */
void stage_advance(cell *c, stage *s);
int64_t stage_task(const cell *c, const stage *s); /* the number, from 1, that points and progress have */
/* The stream's tasks that ended with the last batch, from *first on, but for the last of all: 0 where nobody is told. */
int64_t stage_ended(const cell *c, const stage *s, int64_t *first);
engine_mask mask_evaluated(const cell *c, int64_t after,
                           int64_t on); /* columns that compete at R[after][on], on from 1 */

/* ---- batch.c ---- */
void batch_order_begin(cell *c, stage *s, int64_t epoch);
bool batch_take(cell *c, stage *s, int64_t epoch,
                error *e); /* the next batch into c->step; false: none is left, or e */
void batch_order_close(batch_order *o);

/* ---- schedule.c: how far a task goes, and the learning rate on the way ---- */
bool schedule_over(const cell *c, int64_t epoch);    /* whether the task has had its epochs, or its iterations */
bool schedule_ends(const cell *c, int64_t epoch);    /* whether the last step was the last of its task */
int64_t schedule_steps(const cell *c, int64_t rows); /* of a task of so many rows, without mingled ones */
double schedule_rate(const cell *c, int64_t epoch);  /* of the coming step */

/* ---- dispatch.c: one hook over all strategies, in scenario order ---- */
typedef pdr_status (*step_hook)(void *, const pdr_step *);
typedef pdr_status (*task_hook)(void *, const pdr_task *);
typedef pdr_status (*epoch_hook)(void *, const pdr_task *, int64_t);
typedef pdr_status (*eval_hook)(void *, const pdr_eval *);
/* `hook`: offset in pdr_hooks. */
int dispatch_run(cell *c, bool before, error *e);
int dispatch_task(cell *c, size_t hook, const char *name, host_task *t, error *e);
int dispatch_epoch(cell *c, size_t hook, const char *name, host_task *t, int64_t epoch, error *e);
int dispatch_step(cell *c, size_t hook, const char *name, int32_t mode, error *e);
int dispatch_eval(cell *c, size_t hook, const char *name, pdr_eval *eval, error *e);
bool dispatch_wanted(const cell *c, size_t hook); /* some strategy has it */

/* ---- step.c: the parts of a step that are not hooks ---- */
int step_assemble(cell *c, error *e); /* fresh, mingled and rehearsed rows become one batch */
int step_forward(cell *c, error *e);
int step_loss(cell *c, error *e);      /* row losses and their mean, by the sole compute_loss where there is one */
int step_backward(cell *c, error *e);  /* with the terms of add_loss */
int step_penalties(cell *c, error *e); /* and clipping */
void step_clip(cell *c);               /* the gradient as it is, where the method says so */
int step_update(cell *c, error *e);
int step_failed(const cell *c, const char *what, error *e); /* the step's scope has an error */

/* ---- check.c: self-checks against results that are silently wrong. Those that give a code stop the cell ---- */
int check_loss(cell *c, const pdr_tensor *total, error *e);     /* of the step, with its terms: finite */
int check_loss_now(cell *c, const pdr_tensor *total, error *e); /* the same, where the device is waited for anyway */
int check_gradient(cell *c, bool finite, error *e);             /* of the step; `finite`: what the update said */
int check_logits(cell *c, const pdr_eval *v, error *e);         /* the network's own, where it is measured: finite */
void check_penalties(cell *c);                                  /* queued ones are above zero once the weights moved */
void check_memories(cell *c);                                   /* hold rows once a task is over */
void check_penalties_end(cell *c);                              /* the same, behind a task of a single step */
/* Every column of a task has a gradient and moves while the task is trained. */
void check_heads_begin(cell *c);
void check_heads_step(cell *c); /* between backward and penalties */
void check_heads_end(cell *c, const stage *s);
void check_save(const cell *c, arrays *rest); /* what is known of the heads in this task */
int check_resume(cell *c, const arrays *rest, error *e);
void check_close(cell *c);

/* ---- save.c: the state of the cell as a checkpoint, when the scenario or a signal says so ---- */
/* Behind a step, and behind the row of the matrix that follows `done` stages. EXIT_RESUMABLE where it was told to stop:
 * what can be saved is saved then. */
int save_in_task(cell *c, const stage *s, int64_t epoch, error *e);
int save_after_task(cell *c, int64_t done, error *e);
/* Behind all training: waits for the checkpoint that is on its way. One that the disk does not take costs no result. */
int save_end(cell *c, error *e);

/* The parts that a shared beginning has too: network, gates and optimizer; and the matrices, which are borrowed. */
int save_network(const cell *c, arrays *weights, arrays *rest, error *e);
void save_matrices(const cell *c, arrays *rest);

/* ---- saver.c: who writes it, while training goes on. An error is told at the next call ---- */
struct checkpoint;
/* Takes what k holds over. The one before was ended: what was gathered into k stands on that. */
int saver_begin(cell *c, struct checkpoint *k, error *e);
int saver_look(cell *c, error *e); /* whether one was finished meanwhile */
int saver_end(cell *c, error *e);  /* waits */
void saver_close(cell *c);
/* A checkpoint is durable: what memories on disk keep for those that are kept no more may go. */
void memories_tell(cell *c, int64_t serial);

/* ---- resume.c: a cell that was opened as new goes on where its newest checkpoint stands; without one nothing happens ---- */
int resume_find(cell *c, error *e);       /* before the strategies are created: network, optimizer, results, c->place */
int resume_strategies(cell *c, error *e); /* once they are */
int resume_network(cell *c, error *e);    /* network, gates and optimizer of c->from, within the first task */
int resume_end(cell *c, error *e);        /* behind before_run: from here on all stands where it stood */
/* Of the matrix of this name the rows from `first` on, as many as were saved; one that is not kept (NULL) is fine. 65: another one. */
int resume_matrix(const struct checkpoint *k, const char *name, matrix *m, int64_t first, int64_t count, error *e);
/* Numbers of a file into a tensor from place `first` on; 65 where they are none or too many, in the name of `where`. */
int cell_lay(const cell *c, const char *where, pdr_tensor *into, int64_t first, const array *from, const char *name,
             error *e);
bool cell_same_shape(const array *a, const pdr_block *b);

/* ---- beginning.c: the first task as cells share it. Without one nothing happens, and *laid is false ---- */
void beginning_find(cell *c);                                       /* of a cell that does not go on */
int beginning_row(cell *c, int64_t after, bool *laid, error *e);    /* in the place of evaluate_row() */
int beginning_steps(cell *c, const stage *s, bool *laid, error *e); /* in the place of the steps of a stage */
void beginning_end(cell *c);                                        /* nothing more is taken of it */

/* ---- heads.c: with `head: multi` the network has the heads of the tasks that have come ---- */
bool heads_grow(const cell *c);
int64_t heads_columns(const cell *c, const stream_task *t); /* of the logits while this task is trained on */
void heads_tell(const cell *c); /* tells the engine which heads the coming update can reach */
/* Gives m the heads that it lacks, to that of task `last` (from 0). A head's first values depend on seed and task alone. */
int heads_reach(const cell *c, pdr_model *m, int64_t last, error *e);

/* ---- weights.c ---- */
int weights_begin(cell *c,
                  error *e); /* network.weights into the network that was built, and the table into the result */

/* ---- evaluate_pass.c ---- */
enum { EVALUATE_ROWS = 1024 }; /* of a chunk */
/* What is asked of a task, and how many of its rows were right. */
typedef struct evaluate_task {
    const stream_task *task;
    const int64_t *rows; /* [count] places, borrowed */
    int64_t count, right;
    engine_mask mask; /* the columns that compete */
} evaluate_task;
/* Rows of `part` through a network of the engine's, without a hook: adds to `right` of each task. Failures: logits that are
 * not finite, and what the engine says (EXIT_FAILED). */
int evaluate_pass(cell *c, pdr_model *network, const data_rows *part, int64_t after, evaluate_task *tasks,
                  int64_t count, error *e);

/* ---- evaluate.c ---- */
int evaluate_row(cell *c, int64_t after, error *e);
/* The tasks to `task` (from 1) into the newest point of the curve. beside_row: a row of the matrix was measured just before,
 * and what it says is logged already. */
int evaluate_point(cell *c, int64_t task, bool beside_row, error *e);

/* ---- anytime.c: evaluations while a task is trained. All but the first do nothing where none are asked for ---- */
void anytime_open(cell *c);
void anytime_close(cell *c);
bool anytime_due(const cell *c);                     /* behind the last step */
int anytime_within(cell *c, int64_t task, error *e); /* then, in the task of this number */
int anytime_end(cell *c, int64_t task, error *e); /* behind the last step of a task, and its row where there is one */
const int64_t *anytime_rows(const cell *c, const stream_task *t, int64_t *count); /* test rows that are measured then */
void anytime_save(const cell *c, arrays *rest);
int anytime_lay(cell *c, error *e);

/* ---- result.c ---- */
int result_fill(cell *c, error *e);

/* ---- loop.c, cell.c ---- */
int loop_run(cell *c, error *e);
bool loop_row_due(const cell *c, int64_t i);                /* whether the matrix has a row behind stage i */
int loop_task_begin(cell *c, stage *s, error *e);           /* to before_task */
int loop_steps(cell *c, stage *s, bool going_on, error *e); /* all epochs; going_on: from within one */
int cell_optimizer(cell *c, error *e);                      /* a new one, in the place of the one there is */

/* ---- cell.c: opened, trained by `body`, closed ---- */
typedef int cell_body(cell *c, void *self, error *e);
int cell_train(const plan *p, const plan_method *method, int64_t seed, const dataset *data,
               const train_listener *listener, cell_body *body, void *self, cell_result **out, error *e);

#endif
