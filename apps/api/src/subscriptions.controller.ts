import { Body, Controller, Get, Header, Headers, HttpCode, Inject, Param, Post, Query, Req, UseGuards } from '@nestjs/common';
import type { SayDeps } from './commands/say.js';
import { answer, notFound } from './http/answer.js';
import type { PageBody } from './http/pages.js';
import { AccessGuard, type WithActor } from './read.controller.js';
import type { DeliveryBody, DrillBody, SentAgain, SubscriptionBody } from './resources/subscription.js';
import { redeliver, redeliverOne, redriveAll, redriveOne } from './subscriptions/again.js';
import { drill, readDeliveries, readDelivery, readSubscription, readSubscriptions, switchSubscription } from './subscriptions/subscriptions.js';
import { WRITER } from './write.controller.js';

/** Subscriptions and their deliveries, behind the guard. */
@Controller('v1')
@UseGuards(AccessGuard)
export class SubscriptionsController {
  readonly #deps: SayDeps;

  constructor(@Inject(WRITER) deps: SayDeps) {
    this.#deps = deps;
  }

  @Get('subscriptions')
  @Header('cache-control', 'no-store')
  subscriptions(@Query() query: unknown): Promise<{ items: SubscriptionBody[] }> {
    return answer(() => readSubscriptions(this.#deps, query));
  }

  @Get('subscriptions/:id')
  @Header('cache-control', 'no-store')
  subscription(@Param('id') id: string, @Query() query: unknown): Promise<SubscriptionBody> {
    return answer(() => readSubscription(this.#deps, id, query));
  }

  @Post(['subscriptions/:id/enable', 'subscriptions/:id/disable'])
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  switch(
    @Param('id') id: string,
    @Query() query: unknown,
    @Body() body: unknown,
    @Headers('content-type') contentType: string | undefined,
    @Req() { actor, url }: WithActor & { url: string },
  ): Promise<SubscriptionBody> {
    return answer(() => switchSubscription(id, /\/enable(\?|$)/.test(url), { contentType, body, query, actor }, this.#deps));
  }

  @Post('subscriptions/:id/:what')
  @HttpCode(202)
  @Header('cache-control', 'no-store')
  say(
    @Param('id') id: string,
    @Param('what') what: string,
    @Query() query: unknown,
    @Body() body: unknown,
    @Headers('content-type') contentType: string | undefined,
    @Req() { actor }: WithActor,
  ): Promise<SentAgain | DrillBody> {
    return answer<SentAgain | DrillBody>(() => {
      const asked = { contentType, body, query, actor };
      if (what === 'redeliver') return redeliver(id, asked, this.#deps);
      if (what === 'redrive') return redriveAll(id, asked, this.#deps);
      if (what === 'drill') return drill(id, asked, this.#deps);
      throw notFound('command');
    });
  }

  @Get('deliveries')
  @Header('cache-control', 'no-store')
  deliveries(@Query() query: unknown): Promise<PageBody<DeliveryBody>> {
    return answer(() => readDeliveries(this.#deps, query));
  }

  @Get('deliveries/:id')
  @Header('cache-control', 'no-store')
  delivery(@Param('id') id: string, @Query() query: unknown): Promise<DeliveryBody> {
    return answer(() => readDelivery(this.#deps, id, query));
  }

  @Post('deliveries/:id/redeliver')
  @HttpCode(202)
  @Header('cache-control', 'no-store')
  redeliver(
    @Param('id') id: string,
    @Query() query: unknown,
    @Body() body: unknown,
    @Headers('content-type') contentType: string | undefined,
    @Req() { actor }: WithActor,
  ): Promise<SentAgain> {
    return answer(() => redeliverOne(id, { contentType, body, query, actor }, this.#deps));
  }

  @Post('dead-letters/:id/redrive')
  @HttpCode(202)
  @Header('cache-control', 'no-store')
  redrive(
    @Param('id') id: string,
    @Query() query: unknown,
    @Body() body: unknown,
    @Headers('content-type') contentType: string | undefined,
    @Req() { actor }: WithActor,
  ): Promise<SentAgain> {
    return answer(() => redriveOne(id, { contentType, body, query, actor }, this.#deps));
  }
}
