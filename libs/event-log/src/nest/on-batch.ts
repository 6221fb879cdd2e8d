import { applyDecorators, Catch, UseFilters, type RpcExceptionFilter } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import { throwError, type Observable } from 'rxjs';
import type { Batch, ConsumeOptions } from '../port.js';

export type BatchExtras = Pick<ConsumeOptions, 'group' | 'from' | 'maxBatchRecords'>;

type BatchMethod = <Method extends (batch: Batch) => Promise<void>>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/**
 * Nest turns the error of a handler into `{ status: 'error', message: 'Internal server error' }`, for a remote caller.
 * Here the caller is the log, which has to see `RetryLater` and to tell the error in its own words.
 */
@Catch()
class HandErrorsOn implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

/**
 * `@EventPattern` for the event log, checked by the compiler: the method gets the topic's batches. Returning means that
 * the effects are durable and the offset may be committed; throwing means "again", `RetryLater` says when.
 */
export function OnBatch(topic: string, extras: BatchExtras): BatchMethod {
  return applyDecorators(EventPattern<string>(topic, extras), UseFilters(new HandErrorsOn()));
}
