import { Controller, Get } from '@nestjs/common';
import { openApiDocument } from './http/openapi.js';

/** Open to everyone: it holds no data, and says how to get access. */
@Controller('v1')
export class OpenApiController {
  @Get('openapi.json')
  openApi(): object {
    return openApiDocument();
  }
}
